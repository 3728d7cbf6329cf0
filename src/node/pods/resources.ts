import type { Pod } from '../../api/kinds/pod.ts'
import type { LinuxResources } from '../cri/runtime.ts'
import { numberOf } from '../../api/quantity.ts'
import { containersOf, type ContainerSpec } from './spec.ts'

export type QosClass = 'Guaranteed' | 'Burstable' | 'BestEffort'

type Quantities = Readonly<Record<string, string>>

const quotaPeriodMicros = 100_000
const leastQuotaMicros = 1000
const leastShares = 2
const mostShares = 262_144

/** A container's requests and limits as cgroup settings; `memoryCapacity` is the node's, in bytes. */
export function linuxResources(pod: Pod, { resources }: ContainerSpec, memoryCapacity: number): LinuxResources {
  const limits: Quantities = resources?.limits ?? {}
  const requests: Quantities = resources?.requests ?? {}
  const cpuLimit = amount(limits['cpu'])
  const cpuRequest = amount(requests['cpu'] ?? limits['cpu'])
  return {
    cpuQuota: cpuLimit === 0 ? 0 : Math.max(leastQuotaMicros, Math.round(cpuLimit * quotaPeriodMicros)),
    cpuShares: Math.min(mostShares, Math.max(leastShares, Math.floor(cpuRequest * 1024))),
    memoryLimitInBytes: Math.ceil(amount(limits['memory'])),
    oomScoreAdj: oomScoreAdj(qosClassOf(pod), amount(requests['memory'] ?? limits['memory']), memoryCapacity),
  }
}

/** As https://kubernetes.io/docs/concepts/workloads/pods/pod-qos; the server's own verdict goes first. */
export function qosClassOf(pod: Pod): QosClass {
  const known = pod.status?.qosClass
  if (known !== undefined) return known as QosClass
  const all = containersOf(pod).map(({ spec }) => spec.resources ?? {})
  const asked: Quantities[] = all.flatMap(({ limits = {}, requests = {} }) => [limits, requests])
  if (asked.every(({ cpu, memory }) => amount(cpu) === 0 && amount(memory) === 0)) return 'BestEffort'
  return all.every(({ limits = {}, requests = {} }) => isFixed(limits, requests)) ? 'Guaranteed' : 'Burstable'
}

function isFixed(limits: Quantities, requests: Quantities): boolean {
  return ['cpu', 'memory'].every((name) => {
    const limit = amount(limits[name])
    return limit > 0 && amount(requests[name] ?? limits[name]) === limit
  })
}

/** Who is killed first when the node runs out of memory (upstream's kubelet/qos/policy.go). */
function oomScoreAdj(qosClass: QosClass, memoryRequest: number, memoryCapacity: number): number {
  switch (qosClass) {
    case 'Guaranteed':
      return -997
    case 'BestEffort':
      return 1000
    case 'Burstable':
      return Math.min(999, Math.max(3, 1000 - Math.floor((1000 * memoryRequest) / memoryCapacity)))
    default:
      return qosClass satisfies never
  }
}

function amount(text: string | undefined): number {
  return text === undefined ? 0 : numberOf(text)
}
