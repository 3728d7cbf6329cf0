/** What the rules for Services are written against, and the questions that all of them ask. */
import type { Service, ServicePort, ServiceSpec } from '../service.ts'
import type { Unchecked } from '../../unchecked.ts'

export type Spec = Unchecked<ServiceSpec>
export type Port = Unchecked<ServicePort>

/** The value of `clusterIP` that says "no address": a headless Service. */
export const noClusterIP = 'None'

/** The families that addresses of this cluster's Services can have, the first one by default. */
export const clusterFamilies: readonly string[] = ['IPv4']

export function specOf(service: Service): Spec {
  return service.spec
}

export function isExternalName({ type }: Spec): boolean {
  return type === 'ExternalName'
}

export function isLoadBalancer({ type }: Spec): boolean {
  return type === 'LoadBalancer'
}

export function isHeadless({ clusterIPs = [] }: Spec): boolean {
  return clusterIPs.length === 1 && clusterIPs[0] === noClusterIP
}

/** Whether the Service is reached through ports of the nodes. */
export function needsNodePorts({ type, allocateLoadBalancerNodePorts = true }: Spec): boolean {
  return type === 'NodePort' || (type === 'LoadBalancer' && allocateLoadBalancerNodePorts)
}

/** Whether traffic reaches it from outside of the cluster. */
export function isExternallyAccessible({ type, externalIPs = [] }: Spec): boolean {
  return type === 'NodePort' || type === 'LoadBalancer' || (type === 'ClusterIP' && externalIPs.length > 0)
}

/** Whether load balancers ask a port of its own on each node for pods there. */
export function needsHealthCheckPort({ type, externalTrafficPolicy }: Spec): boolean {
  return type === 'LoadBalancer' && externalTrafficPolicy === 'Local'
}
