/** What about a valid Service its author should know, as pkg/api/service/warnings.go words it. */
import type { Service } from '../service.ts'
import { cidrWarnings, ipWarnings } from '../addresses.ts'
import { isExternalName, isHeadless, noClusterIP, type Spec, specOf } from './types.ts'

const topologyHints = 'service.kubernetes.io/topology-aware-hints'
const topologyMode = 'service.kubernetes.io/topology-mode'

export function serviceWarnings(service: Service): string[] {
  const spec = specOf(service)
  const { externalIPs = [], loadBalancerIP = '', loadBalancerSourceRanges = [] } = spec
  const clusterIPs = (spec.clusterIPs ?? []).filter((ip) => ip !== noClusterIP)
  const hasHints = service.metadata.annotations?.[topologyHints] !== undefined
  return [
    ...(hasHints ? [`annotation ${topologyHints} is deprecated, please use ${topologyMode} instead`] : []),
    ...clusterIPs.flatMap((ip, index) => ipWarnings(ip, `spec.clusterIPs[${index}]`)),
    ...headlessWarnings(spec),
    ...externalIPs.flatMap((ip, index) => ipWarnings(ip, `spec.externalIPs[${index}]`)),
    ...externalIPWarnings(spec),
    ...(loadBalancerIP === '' ? [] : ipWarnings(loadBalancerIP, 'spec.loadBalancerIP')),
    ...loadBalancerSourceRanges.flatMap((range, index) =>
      cidrWarnings(range.trim(), `spec.loadBalancerSourceRanges[${index}]`),
    ),
    ...typeWarnings(spec),
  ]
}

function isHeadlessClusterIP(spec: Spec): boolean {
  return spec.type === 'ClusterIP' && isHeadless(spec)
}

function headlessWarnings(spec: Spec): string[] {
  if (!isHeadlessClusterIP(spec)) return []
  const { loadBalancerIP = '', externalIPs = [], sessionAffinity } = spec
  const ignored = [
    ...(loadBalancerIP === '' ? [] : ['loadBalancerIP']),
    ...(externalIPs.length === 0 ? [] : ['externalIPs']),
    // Capital as upstream has it.
    ...(sessionAffinity === 'None' ? [] : ['SessionAffinity']),
  ]
  return ignored.map((field) => `spec.${field} is ignored for headless services`)
}

function externalIPWarnings(spec: Spec): string[] {
  const { externalIPs = [] } = spec
  if (externalIPs.length === 0 || isHeadlessClusterIP(spec) || isExternalName(spec)) return []
  return ['spec.externalIPs is deprecated and may no longer be implemented in some clusters']
}

/** Fields that belong to another type, and words of old. */
function typeWarnings(spec: Spec): string[] {
  const { externalIPs = [], externalName = '', trafficDistribution } = spec
  const hasExternalName = isExternalName(spec)
  return [
    ...(hasExternalName && externalIPs.length > 0
      ? ['spec.externalIPs is ignored when spec.type is "ExternalName"']
      : []),
    ...(!hasExternalName && externalName !== ''
      ? ['spec.externalName is ignored when spec.type is not "ExternalName"']
      : []),
    ...(trafficDistribution === 'PreferClose'
      ? ['spec.trafficDistribution: "PreferClose" is deprecated; use "PreferSameZone"']
      : []),
  ]
}
