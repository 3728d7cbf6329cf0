import { Pods, type Pod } from '../api/kinds/pod.ts'
import type { MemoryClient } from '../client/memory-client.ts'
import { isReady, isTerminal, isTerminating } from './pod-status.ts'

/** What becomes of a pod whatever its controller wants. */
export type Accident = 'lose' | 'fail' | 'doze'

export const accidents: Readonly<Record<Accident, number>> = { lose: 1, fail: 1, doze: 1 }

/** Stands for the scheduler and the agents of a cluster in memory. Pods are ended one by one: give them a finalizer. */
export class PodAgents {
  readonly #client: MemoryClient
  readonly #nodeOf: (pod: Pod) => string | undefined
  #round = 0

  constructor(client: MemoryClient, nodeOf: (pod: Pod) => string | undefined = () => 'node-1') {
    this.#client = client
    this.#nodeOf = nodeOf
  }

  /** Makes one of the pods ready that wait for it, or ends one that is going; false if there is none. */
  work(which: number): boolean {
    const waiting = this.#client.peekAll(Pods).filter((pod) => isTerminating(pod) || !(isReady(pod) || isTerminal(pod)))
    const pod = waiting[which % Math.max(1, waiting.length)]
    if (pod === undefined) return false
    const nodeName = this.#nodeOf(pod)
    if (isTerminating(pod)) this.#end(pod)
    else this.#put({ ...pod, spec: { ...pod.spec, ...(nodeName === undefined ? {} : { nodeName }) } }, running('True'))
    return true
  }

  happen(accident: Accident, which: number): void {
    const pods = this.#client.peekAll(Pods)
    const pod = pods[which % Math.max(1, pods.length)]
    if (pod === undefined) return
    switch (accident) {
      case 'lose':
        return this.#end(pod)
      case 'fail':
        return this.#put(pod, { phase: 'Failed' })
      case 'doze':
        return this.#put(pod, running('False'))
      default:
        return accident satisfies never
    }
  }

  #end({ metadata: { namespace, name } }: Pod): void {
    this.#client.unseed(Pods, { namespace, name })
  }

  #put(pod: Pod, status: NonNullable<Pod['status']>): void {
    this.#round += 1
    const annotations = { ...pod.metadata.annotations, round: String(this.#round) }
    this.#client.seed(Pods, { ...pod, metadata: { ...pod.metadata, annotations }, status })
  }
}

function running(status: string) {
  return { phase: 'Running', conditions: [{ type: 'Ready', status, lastTransitionTime: '2026-01-01T00:00:00Z' }] }
}
