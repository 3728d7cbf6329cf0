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

/** What a pod's group of containers, or those of all pods of one quality of service, get together. */
export interface PodResources {
  readonly cpuQuota: number
  readonly cpuShares: number
  readonly memoryLimitInBytes: number
}

/** A container's requests and limits as cgroup settings; `memoryCapacity` is the node's, in bytes. */
export function linuxResources(pod: Pod, { resources }: ContainerSpec, memoryCapacity: number): LinuxResources {
  const limits: Quantities = resources?.limits ?? {}
  const requests: Quantities = resources?.requests ?? {}
  const cpuLimit = amount(limits['cpu'])
  const cpuRequest = amount(requests['cpu'] ?? limits['cpu'])
  return {
    cpuQuota: quotaOf(cpuLimit),
    cpuShares: sharesOf(cpuRequest),
    memoryLimitInBytes: Math.ceil(amount(limits['memory'])),
    oomScoreAdj: oomScoreAdj(qosClassOf(pod), amount(requests['memory'] ?? limits['memory']), memoryCapacity),
  }
}

/**
 * What the containers of a pod get together. They are limited together only where each of them is limited, or the pod
 * as a whole says so (KEP-2837).
 */
export function podResources(pod: Pod): PodResources {
  const { limits = {} } = pod.spec.resources ?? {}
  const limit = (name: string) => amount(limits[name]) || limitOfAll(pod, name)
  return {
    cpuQuota: quotaOf(limit('cpu')),
    cpuShares: sharesOf(cpuRequestOf(pod)),
    memoryLimitInBytes: Math.ceil(limit('memory')),
  }
}

/** The processors that a pod asks for. */
export function cpuRequestOf(pod: Pod): number {
  const asked = pod.spec.resources?.requests?.['cpu']
  return asked === undefined ? peakOf(pod, requestOf) : amount(asked)
}

/** What pods together weigh against others, in cgroup v1's shares. */
export function sharesOf(cpus: number): number {
  return Math.min(mostShares, Math.max(leastShares, Math.floor(cpus * 1024)))
}

function quotaOf(cpus: number): number {
  return cpus === 0 ? 0 : Math.max(leastQuotaMicros, Math.round(cpus * quotaPeriodMicros))
}

function requestOf({ resources }: ContainerSpec): number {
  return amount(resources?.requests?.['cpu'] ?? resources?.limits?.['cpu'])
}

/** 0 if a container has no limit. */
function limitOfAll(pod: Pod, name: string): number {
  const limitOf = ({ resources }: ContainerSpec) => amount(resources?.limits?.[name])
  return containersOf(pod).every(({ spec }) => limitOf(spec) > 0) ? peakOf(pod, limitOf) : 0
}

/** The most needed at once: init containers run one after the other, sidecars beside all that follow (KEP-753). */
function peakOf(pod: Pod, of: (spec: ContainerSpec) => number): number {
  let lasting = 0
  let peak = 0
  for (const { spec, role } of containersOf(pod)) {
    if (role === 'init') peak = Math.max(peak, lasting + of(spec))
    else lasting += of(spec)
  }
  return Math.max(peak, lasting)
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
