import type { Service } from './service.ts'

/** Which Services a load balancer serves, by their `loadBalancerClass`. Undefined stands for those that name none. */
export type ServedClasses = readonly (string | undefined)[]

/** Those of the cluster's own load balancer. */
export const ownClasses: ServedClasses = [undefined, 'portolan.dev/load-balancer']

/** Of the Service that stands for the ingress: its address is HAProxy's own, and nobody balances it. */
export const ingressServiceClass = 'portolan.dev/ingress'

/** Keeps a Service until its address has been taken back (upstream's name for every implementation). */
export const cleanupFinalizer = 'service.kubernetes.io/load-balancer-cleanup'

/** Services in which it has the same value may have one address, on different ports. */
export const sharingAnnotation = 'portolan.dev/allow-shared-ip'

/** Asks for an address, as `spec.loadBalancerIP` does, which is deprecated. */
export const addressAnnotation = 'portolan.dev/load-balancer-ip'

/** Whether the load balancer of these classes serves it: that of another class is somebody else's. */
export function isBalanced({ spec: { type, loadBalancerClass } }: Service, classes: ServedClasses): boolean {
  return type === 'LoadBalancer' && classes.includes(loadBalancerClass)
}

/** What clients may use, by the record: the Service's status. */
export function balancedAddresses({ spec, status }: Service): readonly string[] {
  if (spec.type !== 'LoadBalancer') return []
  return (status?.loadBalancer?.ingress ?? []).flatMap(({ ip = '' }) => (ip === '' ? [] : [ip]))
}
