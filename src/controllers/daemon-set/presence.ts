import type { Pod } from '../../api/kinds/pod.ts'
import { isReady, isTerminal, isTerminating } from '../pod-status.ts'
import { allowsSurge, isAvailable, isUpdated, type DaemonState, type NodeChanges } from './node-pods.ts'

export interface Presence extends NodeChanges {
  /** Pods that have ended; each is to be deleted, so that another comes in its place. */
  readonly ended: readonly { readonly nodeName: string; readonly pod: Pod }[]
}

const nothing: Presence = { create: [], delete: [], ended: [] }

/**
 * What is missing or too much, whatever the revision: one pod on each node that wants one, two at most while a new one
 * takes over, by upstream's `podsShouldBeOnNode` (pkg/controller/daemon). Pure.
 */
export function planPresence(state: DaemonState): Presence {
  const perNode = [...state.nodes.keys()].map((nodeName) => planNode(nodeName, state))
  const stranded = [...state.pods]
    .filter(([nodeName]) => !state.nodes.has(nodeName))
    .flatMap(([, pods]) => pods.filter((pod) => (pod.spec.nodeName ?? '') === '' && !isTerminating(pod)))
  return {
    create: perNode.flatMap(({ create }) => create),
    // Nobody else deletes what waits for a node that is gone.
    delete: [...perNode.flatMap((plan) => plan.delete), ...stranded],
    ended: perNode.flatMap(({ ended }) => ended),
  }
}

function planNode(nodeName: string, state: DaemonState): Presence {
  const pods = state.pods.get(nodeName) ?? []
  const staying = pods.filter((pod) => !isTerminating(pod))
  const suitability = state.nodes.get(nodeName) ?? 'none'
  if (suitability === 'none') return { ...nothing, delete: staying }
  if (pods.length === 0) return suitability === 'wanted' ? { ...nothing, create: [nodeName] } : nothing
  const ended = staying.filter(isTerminal).map((pod) => ({ nodeName, pod }))
  const running = staying.filter((pod) => !isTerminal(pod))
  if (!allowsSurge(state.set)) return { ...nothing, delete: running.slice(1), ended }
  // A new one does not wait until the old one is gone; but one that failed is not followed at once.
  const isMissing = suitability === 'wanted' && staying.length === 0
  return { create: isMissing ? [nodeName] : [], delete: surplus(running, state), ended }
}

/** The oldest of each revision stay, until the new one can do without the old one or the old one is of no use. */
function surplus(running: readonly Pod[], state: DaemonState): readonly Pod[] {
  if (running.length <= 1) return []
  const newest = running.find((pod) => isUpdated(pod, state.hash))
  const old = running.find((pod) => !isUpdated(pod, state.hash))
  const isReplaced = newest !== undefined && old !== undefined && (!isReady(old) || isAvailable(newest, state))
  return running.filter((pod) => (pod === old ? isReplaced : pod !== newest))
}
