import type { ServiceFacts } from './facts.ts'

/** Cluster DNS: each node has its address and answers by itself, without endpoints and without the service proxy. */
export function isServedByNodes({ service, cluster }: Pick<ServiceFacts, 'service' | 'cluster'>): boolean {
  return service.spec.clusterIP === cluster.surroundings.dnsServer
}
