import type { Event } from '../src/api/kinds/event.ts'
import type { ContainerStatus, Pod } from '../src/api/kinds/pod.ts'
import { eventually, type TestCluster } from './test-cluster.ts'

/** The pods of a namespace and the Events about them, at one moment. */
export interface Snapshot {
  /** Undefined if it is not there. */
  pod(name: string): Pod | undefined
  readonly pods: readonly Pod[]
  /** Of one pod, each as `Reason part: message`; `part` is the container's name, or nothing. */
  events(pod: string): readonly string[]
}

/** What kubectl shows of a cluster, asked by one kubectl at a time for all that wait for something. */
export class ClusterView {
  readonly #cluster: TestCluster
  #asking: Promise<Snapshot> | undefined

  constructor(cluster: TestCluster) {
    this.#cluster = cluster
  }

  /** As it is at some time after the call. */
  async now(): Promise<Snapshot> {
    // What is being asked already may be older than the call.
    await this.#asking
    return this.#ask()
  }

  /** Resolves to what `find` finds; rejects after the time. */
  async until<T>(what: string, find: (snapshot: Snapshot) => T | undefined | false, withinMs = 70_000): Promise<T> {
    return eventually(what, async () => find(await this.#ask()), withinMs)
  }

  /** The pod, once it is so. */
  async pod(name: string, holds: (pod: Pod) => boolean): Promise<Pod> {
    let last: Pod | undefined
    const find = (snapshot: Snapshot) => {
      last = snapshot.pod(name)
      return last !== undefined && holds(last) && last
    }
    return this.until(`pod ${name}`, find).catch((error: unknown) => {
      throw new Error(JSON.stringify(last?.status, undefined, 1), { cause: error })
    })
  }

  /** Resolves once each pattern matches an Event of the pod. */
  async events(pod: string, ...patterns: readonly RegExp[]): Promise<void> {
    let seen: readonly string[] = []
    await this.until(`events of ${pod}`, (snapshot) => {
      seen = snapshot.events(pod)
      return patterns.every((pattern) => seen.some((event) => pattern.test(event)))
    }).catch((error: unknown) => {
      const missing = patterns.filter((pattern) => !seen.some((event) => pattern.test(event)))
      throw new Error(`none of\n${seen.join('\n')}\nmatches ${missing.join(', ')}`, { cause: error })
    })
  }

  #ask(): Promise<Snapshot> {
    return (this.#asking ??= this.#read().finally(() => {
      this.#asking = undefined
    }))
  }

  async #read(): Promise<Snapshot> {
    const { items } = JSON.parse(await this.#cluster.kubectl('get', 'pods,events', '-o', 'json')) as { items: (Pod | Event)[] }
    const pods = items.filter((item): item is Pod => item.kind === 'Pod')
    const events = items.filter((item): item is Event => item.kind === 'Event')
    return {
      pods,
      pod: (name) => pods.find(({ metadata }) => metadata.name === name),
      events: (name) => events.filter(({ involvedObject }) => involvedObject.name === name).map(describeEvent),
    }
  }
}

function describeEvent({ reason = '', message = '', involvedObject }: Event): string {
  const part = /\{(.*)\}/.exec(involvedObject.fieldPath ?? '')?.[1]
  return part === undefined ? `${reason}: ${message}` : `${reason} ${part}: ${message}`
}

export function isReady(pod: Pod | undefined): boolean {
  return conditionOf(pod, 'Ready')?.status === 'True'
}

export function conditionOf(pod: Pod | undefined, type: string) {
  return pod?.status?.conditions?.find((condition) => condition.type === type)
}

/** Of init containers too. */
export function containerOf(pod: Pod, name: string): ContainerStatus | undefined {
  const { containerStatuses = [], initContainerStatuses = [] } = pod.status ?? {}
  return [...initContainerStatuses, ...containerStatuses].find((status) => status.name === name)
}

export function restartsOf(pod: Pod): number {
  return (pod.status?.containerStatuses ?? []).reduce((sum, { restartCount }) => sum + restartCount, 0)
}
