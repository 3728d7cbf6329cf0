import type { DaemonSetStatus } from '../../api/kinds/daemon-set.ts'
import { isReady } from '../pod-status.ts'
import { unlessZero } from '../unless-zero.ts'
import { isAvailable, isUpdated, type DaemonState } from './node-pods.ts'

/** The status that nodes and pods imply, of each node by its most settled pod. Pure. Zeros are left out as upstream. */
export function daemonSetStatus(state: DaemonState, collisionCount: number): DaemonSetStatus {
  const { metadata, status } = state.set
  const names = [...state.nodes.keys()]
  const wanted = names.filter((nodeName) => state.nodes.get(nodeName) === 'wanted')
  const pods = wanted.flatMap((nodeName) => state.pods.get(nodeName)?.[0] ?? [])
  const misplaced = names.filter((nodeName) => state.nodes.get(nodeName) !== 'wanted' && state.pods.has(nodeName))
  const ready = pods.filter(isReady)
  const available = ready.filter((pod) => isAvailable(pod, state)).length
  const { conditions } = status ?? {}
  return {
    currentNumberScheduled: pods.length,
    numberMisscheduled: misplaced.length,
    desiredNumberScheduled: wanted.length,
    numberReady: ready.length,
    ...unlessZero('updatedNumberScheduled', pods.filter((pod) => isUpdated(pod, state.hash)).length),
    ...unlessZero('numberAvailable', available),
    ...unlessZero('numberUnavailable', wanted.length - available),
    ...(metadata.generation === undefined ? {} : { observedGeneration: metadata.generation }),
    ...unlessZero('collisionCount', collisionCount),
    ...(conditions === undefined ? {} : { conditions }),
  }
}
