import type { Service } from './service.ts'

/** The class that our load balancer answers to. */
export const loadBalancerClass = 'portolan.dev/load-balancer'

/** Keeps a Service until its address has been taken back (upstream's name for every implementation). */
export const cleanupFinalizer = 'service.kubernetes.io/load-balancer-cleanup'

/** Services in which it has the same value may have one address, on different ports. */
export const sharingAnnotation = 'portolan.dev/allow-shared-ip'

/** Asks for an address, as `spec.loadBalancerIP` does, which is deprecated. */
export const addressAnnotation = 'portolan.dev/load-balancer-ip'

/** Whether our load balancer serves it: that of another class is somebody else's. */
export function isBalanced({ spec: { type, loadBalancerClass: named } }: Service): boolean {
  return type === 'LoadBalancer' && (named === undefined || named === loadBalancerClass)
}

/** What clients may use, by the record: the Service's status. */
export function balancedAddresses({ spec, status }: Service): readonly string[] {
  if (spec.type !== 'LoadBalancer') return []
  return (status?.loadBalancer?.ingress ?? []).flatMap(({ ip = '' }) => (ip === '' ? [] : [ip]))
}
