import type { ControllerRevision } from '../../api/kinds/controller-revision.ts'
import type { Pod } from '../../api/kinds/pod.ts'
import type { StatefulSet } from '../../api/kinds/stateful-set.ts'
import { countOf } from '../count-or-share.ts'
import { isTerminal, isTerminating } from '../pod-status.ts'
import { hasIdentity, revisionNameOf } from './identity.ts'
import { isInService, membersOf, type Members } from './members.ts'

export interface PlanInput {
  readonly set: StatefulSet
  readonly pods: readonly Pod[]
  readonly update: ControllerRevision
  readonly now: Date
}

/** What may be done now. Whatever comes after it is planned again once this can be seen. */
export interface Plan {
  /** Ordinals, rising. */
  readonly create: readonly number[]
  readonly delete: readonly Pod[]
  /** Pods whose labels do not name them. */
  readonly repair: readonly Pod[]
}

interface Layout extends PlanInput, Members {}

const nothing: Plan = { create: [], delete: [], repair: [] }

/**
 * The next step towards what a StatefulSet asks for, by upstream's `updateStatefulSet` (pkg/controller/statefulset).
 * Pure. With `OrderedReady` one pod at a time comes or goes, and none while another is not in service; with `Parallel`
 * all at once. Scaling goes before updating, and updating from the highest ordinal down.
 */
export function plan(input: PlanInput): Plan {
  const layout = { ...input, ...membersOf(input.set, input.pods) }
  return input.set.spec.podManagementPolicy === 'Parallel' ? planParallel(layout) : planOrdered(layout)
}

function planOrdered(layout: Layout): Plan {
  const { start, replicas, condemned, set, now } = layout
  const repair: Pod[] = []
  for (const [index, pod] of replicas.entries()) {
    if (pod === undefined) return { ...nothing, repair, create: [start + index] }
    if (isTerminal(pod)) return { ...nothing, repair, delete: isTerminating(pod) ? [] : [pod] }
    if (!isInService(pod, set, now)) return { ...nothing, repair }
    if (!hasIdentity(pod)) repair.push(pod)
  }
  const gone = condemned.length > 0 ? lastOf(layout) : outdated(layout)
  return { ...nothing, repair: repair.filter((pod) => !gone.includes(pod)), delete: gone }
}

/** The highest one that must go; but one that is in trouble is waited for as long as another is below it. */
function lastOf({ condemned, set, now }: Layout): readonly Pod[] {
  const [last] = condemned
  if (last === undefined || isTerminating(last)) return []
  const lowestInTrouble = condemned.findLast((pod) => !isInService(pod, set, now))
  return isInService(last, set, now) || last === lowestInTrouble ? [last] : []
}

function planParallel(layout: Layout): Plan {
  const { start, replicas, condemned } = layout
  const present = replicas.filter((pod) => pod !== undefined)
  const ended = [...present.filter(isTerminal), ...condemned].filter((pod) => !isTerminating(pod))
  const gone = new Set([...ended, ...outdated(layout)])
  return {
    create: replicas.flatMap((pod, index) => (pod === undefined ? [start + index] : [])),
    delete: [...gone],
    repair: present.filter((pod) => !gone.has(pod) && !isTerminating(pod) && !hasIdentity(pod)),
  }
}

/**
 * Pods of another revision that may be replaced now, the highest ordinal first. Those that are not in service anyway
 * cost nothing; of the others no more than leaves `maxUnavailable` of all replicas out of service.
 */
function outdated({ replicas, wanted, set, update, now }: Layout): readonly Pod[] {
  const { type, rollingUpdate = {} } = set.spec.updateStrategy ?? {}
  if (type === 'OnDelete') return []
  const serves = (pod: Pod | undefined) => pod !== undefined && isInService(pod, set, now)
  const unavailable = wanted - replicas.filter(serves).length
  const allowed = Math.max(1, countOf(rollingUpdate.maxUnavailable ?? 1, wanted, 'down'))
  const old = replicas
    .slice(rollingUpdate.partition ?? 0)
    .filter((pod) => pod !== undefined)
    .filter((pod) => revisionNameOf(pod) !== update.metadata.name && !isTerminating(pod))
    .reverse()
  const sound = old.filter(serves).slice(0, Math.max(0, allowed - unavailable))
  return [...old.filter((pod) => !serves(pod)), ...sound]
}

/** Whether a pod of this ordinal, if it is missing, is to be made as before the update: those below the partition. */
export function isHeldBack({ spec, status }: StatefulSet, ordinal: number): boolean {
  const { type, rollingUpdate } = spec.updateStrategy ?? {}
  if (type === 'OnDelete') return false
  const index = ordinal - (spec.ordinals?.start ?? 0)
  return index < (rollingUpdate === undefined ? (status?.currentReplicas ?? 0) : (rollingUpdate.partition ?? 0))
}
