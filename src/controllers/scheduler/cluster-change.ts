import type { Namespace } from '../../api/kinds/namespace.ts'
import type { Node } from '../../api/kinds/node.ts'
import type { Pod } from '../../api/kinds/pod.ts'
import { conditionOf } from '../conditions.ts'
import { isTerminating } from '../pod-status.ts'
import type { FilterName } from './filter.ts'
import { promisedNode, takesRoom } from './pod-stage.ts'

/** Something that may make room for pods that fitted nowhere. */
export type ClusterChange = 'node' | 'pod came' | 'pod went' | 'pod changed' | 'namespace changed'

const aboutOtherPods: readonly FilterName[] = ['InterPodAffinity', 'PodTopologySpread']

/** Whose refusals each of them may take back; a node, everyone's. */
const mayHelp: Readonly<Record<Exclude<ClusterChange, 'node'>, ReadonlySet<FilterName>>> = {
  'pod came': new Set(aboutOtherPods), // is company, or makes the emptiest domain less empty
  'pod went': new Set(['NodeResourcesFit', 'NodePorts', ...aboutOtherPods]),
  'pod changed': new Set(aboutOtherPods),
  'namespace changed': new Set(['InterPodAffinity']), // by `namespaceSelector`
}

export function canHelp(change: ClusterChange, refusedBy: ReadonlySet<FilterName>): boolean {
  return change === 'node' || !mayHelp[change].isDisjointFrom(refusedBy)
}

export function podChange(previous: Pod | undefined, next: Pod | undefined): ClusterChange | undefined {
  if (keepsRoom(previous) && !keepsRoom(next)) return 'pod went'
  if (!takesRoom(next)) return undefined
  if (!takesRoom(previous)) return 'pod came'
  return relationsOf(previous) === relationsOf(next) ? undefined : 'pod changed'
}

/** Of heartbeats it is not told. */
export function nodeChange(previous: Node | undefined, next: Node | undefined): ClusterChange | undefined {
  return placementText(previous) === placementText(next) ? undefined : 'node'
}

export function namespaceChange(previous: Namespace | undefined, next: Namespace | undefined): ClusterChange | undefined {
  const text = (namespace: Namespace | undefined) => JSON.stringify(namespace?.metadata.labels)
  return text(previous) === text(next) ? undefined : 'namespace changed'
}

/** Also a promise keeps others away. */
function keepsRoom(pod: Pod | undefined): boolean {
  return takesRoom(pod) || promisedNode(pod) !== undefined
}

/** What others see in a pod that is on a node: its labels, and whether it stays. */
function relationsOf(pod: Pod): string {
  return JSON.stringify([pod.metadata.labels, isTerminating(pod)])
}

/** All of a node that decides which pods fit on it. */
function placementText(node: Node | undefined): string {
  if (node === undefined) return ''
  const { metadata, spec, status } = node
  const { allocatable, capacity, conditions } = status ?? {}
  const ready = conditionOf(conditions, 'Ready')?.status
  return JSON.stringify([metadata.labels, spec?.taints, spec?.unschedulable, allocatable, capacity, ready])
}
