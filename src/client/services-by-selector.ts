import type { Pod } from '../api/kinds/pod.ts'
import type { Service } from '../api/kinds/service.ts'
import { keyOf, type ObjectKey } from '../api/object.ts'
import type { Cache } from './cache.ts'

type Labels = Readonly<Record<string, string>>

/** Finds the Services that select a pod, at a price that follows the pod's labels and not the number of Services. */
export class ServicesBySelector {
  /** By one label of their selector: a pod without it is not selected. */
  readonly #byLabel = new Map<string, Map<ObjectKey, Service>>()

  constructor(services: Cache<Service>) {
    services.onChange((previous, next) => {
      if (previous !== undefined) this.#remove(previous)
      if (next !== undefined) this.#add(next)
    })
  }

  selecting({ metadata: { namespace, labels = {} } }: Pod): readonly ObjectKey[] {
    return Object.entries(labels).flatMap(([name, value]) => {
      const candidates = this.#byLabel.get(bucket(namespace, name, value)) ?? []
      return [...candidates].filter(([, { spec }]) => isSubset(spec.selector, labels)).map(([key]) => key)
    })
  }

  #add(service: Service): void {
    const label = bucketOf(service)
    if (label === undefined) return
    const services = this.#byLabel.get(label) ?? new Map()
    this.#byLabel.set(label, services.set(keyOf(service), service))
  }

  #remove(service: Service): void {
    const label = bucketOf(service)
    if (label === undefined) return
    const services = this.#byLabel.get(label)
    services?.delete(keyOf(service))
    if (services?.size === 0) this.#byLabel.delete(label)
  }
}

/** Undefined for a Service without a selector, or with an empty one: it selects nothing. */
function bucketOf({ metadata, spec }: Service): string | undefined {
  const [label] = Object.entries(spec.selector ?? {})
  return label === undefined ? undefined : bucket(metadata.namespace, ...label)
}

/** Neither namespaces nor labels have spaces. */
function bucket(namespace: string | undefined, label: string, value: string): string {
  return `${namespace} ${label} ${value}`
}

function isSubset(selector: Labels = {}, labels: Labels): boolean {
  return Object.entries(selector).every(([name, value]) => labels[name] === value)
}
