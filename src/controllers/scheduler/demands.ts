import type { Pod } from '../../api/kinds/pod.ts'
import { podInfo } from './pod-info.ts'

const known = new WeakMap<Pod, string>()

/**
 * All of a pod that decides whether there is a place for it: pods of equal demands fit nowhere for the same reasons. Who
 * owns it is not in it, which matters only to which of several places is better.
 */
export function demandsOf(pod: Pod): string {
  const found = known.get(pod)
  if (found !== undefined) return found
  const { metadata, spec } = pod
  const { priority, requests, hostPorts } = podInfo(pod)
  const demands = JSON.stringify([
    metadata.namespace,
    Object.entries(metadata.labels ?? {}).sort(),
    [priority, spec.preemptionPolicy],
    [...requests],
    hostPorts,
    [spec.nodeSelector, spec.affinity, spec.tolerations, spec.topologySpreadConstraints],
  ])
  known.set(pod, demands)
  return demands
}
