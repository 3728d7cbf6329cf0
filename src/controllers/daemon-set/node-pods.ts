import type { DaemonSet } from '../../api/kinds/daemon-set.ts'
import type { Pod } from '../../api/kinds/pod.ts'
import { countOf } from '../count-or-share.ts'
import { podRevisionLabel } from '../history/revision.ts'
import { availableInMs, isTerminal, isTerminating } from '../pod-status.ts'
import { targetNodeOf } from './daemon-pod.ts'
import type { Suitability } from './suitability.ts'

/** All that decides about the pods of a DaemonSet. */
export interface DaemonState {
  readonly set: DaemonSet
  /** Of the newest template. */
  readonly hash: string
  readonly nodes: ReadonlyMap<string, Suitability>
  /** By the node they are on or made for. */
  readonly pods: ReadonlyMap<string, readonly Pod[]>
  readonly now: Date
}

/** Pods to make, by node, and pods to delete. */
export interface NodeChanges {
  readonly create: readonly string[]
  readonly delete: readonly Pod[]
}

/** Groups pods by node, the most settled of each first. What has ended and is being deleted is nobody's any more. */
export function podsByNode(pods: readonly Pod[]): ReadonlyMap<string, readonly Pod[]> {
  const placed = pods.flatMap((pod) => {
    const nodeName = targetNodeOf(pod)
    return nodeName === undefined || (isTerminal(pod) && isTerminating(pod)) ? [] : [{ nodeName, pod }]
  })
  placed.sort((a, b) => bySeniority(a.pod, b.pod))
  const groups = Map.groupBy(placed, ({ nodeName }) => nodeName)
  return new Map([...groups].map(([nodeName, group]) => [nodeName, group.map(({ pod }) => pod)]))
}

export function isUpdated({ metadata }: Pod, hash: string): boolean {
  return metadata.labels?.[podRevisionLabel] === hash
}

export function isAvailable(pod: Pod, { set, now }: DaemonState): boolean {
  return availableInMs(pod, set.spec.minReadySeconds ?? 0, now) === 0
}

/** Whether a new pod may run beside the old one for a while. */
export function allowsSurge({ spec }: DaemonSet): boolean {
  const { type, rollingUpdate } = spec.updateStrategy ?? {}
  return type !== 'OnDelete' && countOf(rollingUpdate?.maxSurge, 1, 'up') > 0
}

function bySeniority(a: Pod, b: Pod): number {
  const scheduled = (pod: Pod) => ((pod.spec.nodeName ?? '') === '' ? 1 : 0)
  const created = (pod: Pod) => Date.parse(pod.metadata.creationTimestamp)
  return scheduled(a) - scheduled(b) || created(a) - created(b) || (a.metadata.name < b.metadata.name ? -1 : 1)
}
