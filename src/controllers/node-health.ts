import type { Node, NodeCondition } from '../api/kinds/node.ts'
import { rfc3339 } from '../base/rfc3339.ts'
import { conditionOf } from './conditions.ts'
import type { Taint } from './tolerations.ts'

/** Conditions that only the node itself can vouch for. */
const heartbeatConditions = ['Ready', 'MemoryPressure', 'DiskPressure', 'PIDPressure']
const unreachable = 'node.kubernetes.io/unreachable'
const notReady = 'node.kubernetes.io/not-ready'

/** `NoSchedule` taints that mirror a condition, by upstream's table. */
const conditionTaints: readonly { readonly type: string; readonly status: string; readonly key: string }[] = [
  { type: 'Ready', status: 'False', key: notReady },
  { type: 'Ready', status: 'Unknown', key: unreachable },
  { type: 'MemoryPressure', status: 'True', key: 'node.kubernetes.io/memory-pressure' },
  { type: 'DiskPressure', status: 'True', key: 'node.kubernetes.io/disk-pressure' },
  { type: 'PIDPressure', status: 'True', key: 'node.kubernetes.io/pid-pressure' },
  { type: 'NetworkUnavailable', status: 'True', key: 'node.kubernetes.io/network-unavailable' },
]
const unschedulable = 'node.kubernetes.io/unschedulable'
const scheduleKeys = [unschedulable, ...conditionTaints.map(({ key }) => key)]
const evictionKeys = [notReady, unreachable]

/** The conditions of a node that has stopped to speak: all it vouched for is unknown. The same list if it says so. */
export function silentConditions(
  present: readonly NodeCondition[],
  { metadata }: Node,
  now: Date,
): readonly NodeCondition[] {
  const missing = heartbeatConditions.filter((type) => conditionOf(present, type) === undefined)
  const changed = present.some((condition) => isClaim(condition))
  if (missing.length === 0 && !changed) return present
  const lost = present.map((condition) =>
    isClaim(condition)
      ? {
          ...condition,
          status: 'Unknown',
          reason: 'NodeStatusUnknown',
          message: 'Kubelet stopped posting node status.',
          lastTransitionTime: rfc3339(now),
        }
      : condition,
  )
  const never = missing.map((type) => ({
    type,
    status: 'Unknown',
    reason: 'NodeStatusNeverUpdated',
    message: 'Kubelet never posted node status.',
    lastHeartbeatTime: metadata.creationTimestamp,
    lastTransitionTime: rfc3339(now),
  }))
  return [...lost, ...never]
}

/** The conditions of a node that speaks again, as they were before it was given up. The same list if none was. */
export function revivedConditions(
  present: readonly NodeCondition[],
  before: readonly NodeCondition[],
  now: Date,
): readonly NodeCondition[] {
  const given = (condition: NodeCondition) =>
    condition.status === 'Unknown' && condition.reason === 'NodeStatusUnknown'
      ? conditionOf(before, condition.type)
      : undefined
  if (present.every((condition) => given(condition) === undefined)) return present
  return present.map((condition) => {
    const restored = given(condition)
    return restored === undefined ? condition : { ...restored, lastTransitionTime: rfc3339(now) }
  })
}

/**
 * The taints a node should have for its state; others stay as they are. Undefined if they are right. `evicts` adds the
 * NoExecute ones: it is false while no node of the cluster is ready, when pods could go nowhere and the one that
 * was away was more likely the control plane (upstream's full disruption mode).
 */
export function wantedTaints(
  { spec, status }: Node,
  { evicts, now }: { evicts: boolean; now: Date },
): readonly Taint[] | undefined {
  const present = spec?.taints ?? []
  const applying = conditionTaints
    .filter(({ type, status: state }) => conditionOf(status?.conditions, type)?.status === state)
    .map(({ key }) => key)
  const keep = spec?.unschedulable === true ? [unschedulable, ...applying] : applying
  const wanted = [
    ...keep.map((key): Taint => ({ key, effect: 'NoSchedule' })),
    ...keep.filter((key) => evicts && evictionKeys.includes(key)).map((key): Taint => ({ key, effect: 'NoExecute' })),
  ]
  const others = present.filter((taint) => !isManaged(taint) || wanted.some((each) => isSame(each, taint)))
  const missing = wanted.filter((taint) => !present.some((each) => isSame(each, taint)))
  if (missing.length === 0 && others.length === present.length) return undefined
  return [...others, ...missing.map((taint) => ({ ...taint, timeAdded: rfc3339(now) }))]
}

export function isNodeReady({ status }: Node): boolean {
  return conditionOf(status?.conditions, 'Ready')?.status === 'True'
}

function isClaim({ type, status }: NodeCondition): boolean {
  return heartbeatConditions.includes(type) && status !== 'Unknown'
}

function isManaged({ key, effect }: Taint): boolean {
  if (effect === 'NoSchedule') return scheduleKeys.includes(key)
  return effect === 'NoExecute' && evictionKeys.includes(key)
}

function isSame(a: Taint, b: Taint): boolean {
  return a.key === b.key && a.effect === b.effect
}
