import type { Pod } from '../../api/kinds/pod.ts'
import { hostPortsOf, type HostPort } from './host-ports.ts'
import { podAffinityOf, type PodAffinity } from './pod-affinity.ts'
import { requestsOf, type Resources } from './resources.ts'

/** A pod as filters and scores see it: what they ask of every pod again and again is read once. */
export interface PodInfo {
  readonly pod: Pod
  readonly priority: number
  readonly requests: Resources
  /** With something for containers that request no cpu or no memory, so that such pods spread too. */
  readonly likelyUse: Resources
  readonly hostPorts: readonly HostPort[]
  readonly affinity: PodAffinity
}

/** What a container without requests is taken to use: a tenth of a core and 200 MB (upstream's `schedutil`). */
const assumedUse: Resources = new Map([
  ['cpu', 100],
  ['memory', 200 * 1024 * 1024],
])

const known = new WeakMap<Pod, PodInfo>()

export function podInfo(pod: Pod): PodInfo {
  const found = known.get(pod)
  if (found !== undefined) return found
  const info: PodInfo = {
    pod,
    priority: pod.spec.priority ?? 0,
    requests: requestsOf(pod),
    likelyUse: requestsOf(pod, assumedUse),
    hostPorts: hostPortsOf(pod),
    affinity: podAffinityOf(pod),
  }
  known.set(pod, info)
  return info
}
