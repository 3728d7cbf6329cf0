import type { Node } from '../../api/kinds/node.ts'
import type { Pod } from '../../api/kinds/pod.ts'
import { milliValue, parseQuantity, QuantityError, wholeValue } from '../../api/quantity.ts'

/** Amounts by resource name, whole numbers: cpu in thousandths of a core, memory and storage in bytes. */
export type Resources = ReadonlyMap<string, number>

type Amounts = Readonly<Record<string, string>> | undefined
type Container = Pod['spec']['containers'][number]

const none: Resources = new Map()

/** What a node has for pods. */
export function allocatableOf({ status }: Node): Resources {
  return resources(status?.allocatable ?? status?.capacity)
}

/**
 * What a pod needs at its peak: all containers and sidecars together, or an init container with the sidecars started
 * before it if that is more; plus the overhead of its runtime class. Requests made for the pod as a whole replace the
 * sums. (KEP-753, KEP-2837.) `missing` is what a container is taken to request that says nothing of a resource.
 */
export function requestsOf({ spec }: Pod, missing: Resources = none): Resources {
  const ofContainer = (container: Container) => new Map([...missing, ...resources(container.resources?.requests)])
  let sidecars: Resources = none
  let initPeak: Resources = none
  for (const container of spec.initContainers ?? []) {
    const needed = sum([sidecars, ofContainer(container)])
    initPeak = combine(initPeak, needed, Math.max)
    if (container.restartPolicy === 'Always') sidecars = needed
  }
  const running = sum([sidecars, ...spec.containers.map(ofContainer)])
  const peak = combine(running, initPeak, Math.max)
  const whole = new Map([...peak, ...resources(spec.resources?.requests)])
  return sum([whole, resources(spec.overhead)])
}

export function sum(all: readonly Resources[]): Resources {
  return all.reduce((total, each) => combine(total, each, (a, b) => a + b), new Map<string, number>())
}

function combine(a: Resources, b: Resources, how: (a: number, b: number) => number): Resources {
  const result = new Map(a)
  for (const [name, amount] of b) result.set(name, how(result.get(name) ?? 0, amount))
  return result
}

function resources(amounts: Amounts): Resources {
  return new Map(Object.entries(amounts ?? {}).map(([name, text]) => [name, amount(name, text)]))
}

/** Rounded up. What is no quantity has been refused by validation; of a foreign server it counts as nothing. */
function amount(name: string, text: string): number {
  try {
    const quantity = parseQuantity(text)
    return name === 'cpu' ? milliValue(quantity) : wholeValue(quantity)
  } catch (error) {
    if (error instanceof QuantityError) return 0
    throw error
  }
}
