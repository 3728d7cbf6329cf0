import { balancedAddresses, isBalanced, type ServedClasses } from '../../api/kinds/load-balancer.ts'
import { isProxied } from '../../api/kinds/service-endpoints.ts'
import type { Service } from '../../api/kinds/service.ts'
import { parseIPv4, type AddressRange } from '../../base/ip.ts'

/** One address and port that clients may use. */
export interface Frontend {
  readonly address: string
  readonly protocol: Protocol
  readonly port: number
}

export type Protocol = 'tcp' | 'udp' | 'sctp'

/** Which nodes a Service's connections may be led to: all, or those that have endpoints of it and say so at a port. */
export type Scope = { readonly nodes: 'all' } | { readonly nodes: 'with endpoints'; readonly healthCheckPort: number }

const protocols: ReadonlyMap<string, Protocol> = new Map([
  ['TCP', 'tcp'],
  ['UDP', 'udp'],
  ['SCTP', 'sctp'],
])

/** What is a load balancer's own. */
export interface Domain {
  /** Addresses outside of it are somebody else's. */
  readonly pool: AddressRange
  readonly classes: ServedClasses
}

/** None if the Service is not to be balanced here. */
export function frontendsOf(service: Service, { pool: { first, last }, classes }: Domain): readonly Frontend[] {
  if (!isBalanced(service, classes) || !isProxied(service)) return []
  const addresses = balancedAddresses(service).filter((address) => {
    const number = parseIPv4(address)
    return number !== undefined && number >= first && number <= last
  })
  return (service.spec.ports ?? []).flatMap(({ protocol: name = 'TCP', port }) => {
    const protocol = protocols.get(name)
    return protocol === undefined ? [] : addresses.map((address) => ({ address, protocol, port }))
  })
}

/** Undefined for one whose nodes cannot be known, because it has no port for health checks. */
export function scopeOf({ spec }: Service): Scope | undefined {
  if (spec.externalTrafficPolicy !== 'Local') return { nodes: 'all' }
  const { healthCheckNodePort = 0 } = spec
  return healthCheckNodePort === 0 ? undefined : { nodes: 'with endpoints', healthCheckPort: healthCheckNodePort }
}

/** Whether all connections of a client are to meet the same node, which then leads them to the same endpoint. */
export function isByClient({ spec }: Service): boolean {
  return spec.sessionAffinity === 'ClientIP'
}
