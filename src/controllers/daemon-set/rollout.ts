import type { Pod } from '../../api/kinds/pod.ts'
import { countOf } from '../count-or-share.ts'
import { isTerminating } from '../pod-status.ts'
import { allowsSurge, isAvailable, isUpdated, type DaemonState, type NodeChanges } from './node-pods.ts'

/** What a node has: at most one pod of the newest template and one of another. */
interface Pair {
  readonly nodeName: string
  readonly updated: Pod | undefined
  readonly old: Pod | undefined
}

const nothing: NodeChanges = { create: [], delete: [] }

/**
 * Which pods of older templates may be replaced now, by upstream's `rollingUpdate` (pkg/controller/daemon). Pure.
 * Expects that nothing is missing or too much otherwise.
 */
export function planRollout(state: DaemonState): NodeChanges {
  if (state.set.spec.updateStrategy?.type === 'OnDelete') return nothing
  return allowsSurge(state.set) ? planSurge(state) : planReplacement(state)
}

/** Old pods that are of no use go at once; of the others as many as leaves `maxUnavailable` nodes without one. */
function planReplacement(state: DaemonState): NodeChanges {
  const pairs = pairsOf(state)
  const isServed = ({ updated, old }: Pair) => {
    const only = updated === undefined ? old : old === undefined ? updated : undefined
    return only !== undefined && isAvailable(only, state)
  }
  const unavailable = pairs.filter((pair) => pair === 'crowded' || !isServed(pair)).length
  const outdated = pairs.flatMap((pair) => (pair === 'crowded' || pair.updated !== undefined ? [] : (pair.old ?? [])))
  const sound = outdated.filter((pod) => isAvailable(pod, state))
  const broken = outdated.filter((pod) => !isAvailable(pod, state))
  const room = Math.max(0, maxUnavailable(state) - unavailable)
  return { create: [], delete: [...broken, ...sound.slice(0, room)] }
}

/** A new pod beside each old one of no use, and beside `maxSurge` others; an old one goes when the new one serves. */
function planSurge(state: DaemonState): NodeChanges {
  const pairs = pairsOf(state)
  const clear = pairs.filter((pair) => pair !== 'crowded')
  const moving = clear.filter(({ updated, old }) => updated !== undefined && old !== undefined)
  const arrived = moving.filter(({ updated }) => updated !== undefined && isAvailable(updated, state))
  const surging = pairs.length - clear.length + moving.length - arrived.length
  const waiting = clear.flatMap(({ nodeName, updated, old }) =>
    updated === undefined && old !== undefined ? [{ nodeName, old, serves: isAvailable(old, state) }] : [],
  )
  const isWanted = ({ nodeName }: { nodeName: string }) => state.nodes.get(nodeName) === 'wanted'
  const candidates = waiting.filter(isWanted)
  const room = Math.max(0, maxSurge(state) - surging)
  const create = [
    ...candidates.filter(({ serves }) => !serves),
    ...candidates.filter(({ serves }) => serves).slice(0, room),
  ]
  const leaving = waiting.filter((node) => !isWanted(node))
  const spare = Math.max(0, clear.filter((pair) => isServing(pair, state)).length - desiredCount(state))
  const gone = [
    ...leaving.filter(({ serves }) => !serves),
    ...leaving.filter(({ serves }) => serves).slice(0, spare),
  ]
  return {
    create: create.map(({ nodeName }) => nodeName),
    delete: [...arrived.flatMap(({ old }) => old ?? []), ...gone.map(({ old }) => old)],
  }
}

function isServing({ updated, old }: Pair, state: DaemonState): boolean {
  const pod = old ?? updated
  return pod !== undefined && isAvailable(pod, state)
}

/** Of each node that wants a pod or has one; `crowded` if it has more than a pair. What a lost node has counts for none. */
function pairsOf(state: DaemonState): readonly (Pair | 'crowded')[] {
  const isConcerned = (nodeName: string) => state.nodes.get(nodeName) === 'wanted' || state.pods.has(nodeName)
  return [...state.nodes.keys()].filter(isConcerned).sort().map((nodeName) => pairOf(nodeName, state))
}

function pairOf(nodeName: string, { pods, hash }: DaemonState): Pair | 'crowded' {
  const staying = (pods.get(nodeName) ?? []).filter((pod) => !isTerminating(pod))
  const updated = staying.filter((pod) => isUpdated(pod, hash))
  const old = staying.filter((pod) => !isUpdated(pod, hash))
  return updated.length > 1 || old.length > 1 ? 'crowded' : { nodeName, updated: updated[0], old: old[0] }
}

function desiredCount({ nodes }: DaemonState): number {
  return [...nodes.values()].filter((suitability) => suitability === 'wanted').length
}

/** If neither surge nor unavailability is allowed, one node at a time goes without. */
function maxUnavailable(state: DaemonState): number {
  const { rollingUpdate } = state.set.spec.updateStrategy ?? {}
  return Math.max(1, countOf(rollingUpdate?.maxUnavailable ?? 1, desiredCount(state), 'up'))
}

function maxSurge(state: DaemonState): number {
  return countOf(state.set.spec.updateStrategy?.rollingUpdate?.maxSurge, desiredCount(state), 'up')
}
