/** Defaults of Services, as pkg/apis/core/v1 `SetDefaults_Service` and pkg/registry/core/service fill them in. */
import type { Service } from '../service.ts'
import { clusterFamilies, isExternallyAccessible, isExternalName, isHeadless, type Port, type Spec } from './types.ts'

/** How long a client sticks to a pod after its last connection, in seconds. */
const defaultAffinityTimeout = 10_800

export function setServiceDefaults(service: Service): void {
  service.spec ??= {}
  const spec: Spec = service.spec
  if ((spec.type ?? '') === '') spec.type = 'ClusterIP'
  setAffinityDefaults(spec)
  for (const port of spec.ports ?? []) setPortDefaults(port)
  setTrafficDefaults(spec)
  setAddressDefaults(spec)
  service.status ??= {}
  service.status.loadBalancer ??= {}
  if (spec.type !== 'LoadBalancer') return
  for (const ingress of service.status.loadBalancer.ingress ?? []) if (ingress.ip) ingress.ipMode ??= 'VIP'
}

function setAffinityDefaults(spec: Spec): void {
  if ((spec.sessionAffinity ?? '') === '') spec.sessionAffinity = 'None'
  if (spec.sessionAffinity === 'None') delete spec.sessionAffinityConfig
  if (spec.sessionAffinity !== 'ClientIP' || spec.sessionAffinityConfig?.clientIP?.timeoutSeconds !== undefined) return
  spec.sessionAffinityConfig = { clientIP: { timeoutSeconds: defaultAffinityTimeout } }
}

function setPortDefaults(port: Port): void {
  if ((port.protocol ?? '') === '') port.protocol = 'TCP'
  if (port.targetPort !== undefined && port.targetPort !== 0 && port.targetPort !== '') return
  if (port.port !== undefined) port.targetPort = port.port
}

function setTrafficDefaults(spec: Spec): void {
  if (isExternallyAccessible(spec) && (spec.externalTrafficPolicy ?? '') === '') spec.externalTrafficPolicy = 'Cluster'
  if (!isExternalName(spec)) spec.internalTrafficPolicy ??= 'Cluster'
  if (spec.type === 'LoadBalancer') spec.allocateLoadBalancerNodePorts ??= true
}

/**
 * `clusterIPs` follows `clusterIP`, and the families follow the cluster. A headless Service without a selector may
 * have endpoints of any family, so it gets both.
 */
function setAddressDefaults(spec: Spec): void {
  const { clusterIP = '', clusterIPs = [] } = spec
  if (clusterIP !== '' && clusterIPs.length === 0) spec.clusterIPs = [clusterIP]
  if (isExternalName(spec)) return
  const takesAnyFamily = isHeadless(spec) && Object.keys(spec.selector ?? {}).length === 0
  spec.ipFamilyPolicy ??= takesAnyFamily ? 'RequireDualStack' : 'SingleStack'
  if ((spec.ipFamilies ?? []).length === 0) spec.ipFamilies = clusterFamilies.slice(0, 1)
  const missesOne = takesAnyFamily && spec.ipFamilyPolicy !== 'SingleStack' && spec.ipFamilies?.length === 1
  if (missesOne) spec.ipFamilies?.push(spec.ipFamilies[0] === 'IPv4' ? 'IPv6' : 'IPv4')
}
