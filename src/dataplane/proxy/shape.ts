import type { AddressFamily } from './family.ts'

/**
 * A way to choose among a number of endpoints: one chain with the map it looks in, shared by all service ports that
 * choose this way, and made when the first of them turns up.
 */
export interface Shape {
  readonly family: AddressFamily
  readonly endpoints: number
  /** Clients stay with their endpoint for so long. */
  readonly affinitySeconds?: number
}

export function chainOf({ family, endpoints, affinitySeconds }: Shape): string {
  const kind = affinitySeconds === undefined ? 'pick' : 'sticky'
  const time = affinitySeconds === undefined ? '' : `-${affinitySeconds}`
  return `${kind}${family.suffix}-${endpoints}${time}`
}

/** Names of the sets and maps of one family. */
export function setsOf({ suffix }: AddressFamily) {
  return {
    /** address . protocol . port → chain */
    services: `services${suffix}`,
    /** Addresses that are refused wherever they are not translated. */
    clusterIPs: `cluster-ips${suffix}`,
    /** endpoint . endpoint: connections that lead from a pod back to itself */
    hairpin: `hairpin${suffix}`,
    /** client . address . protocol . port → id of an endpoint; filled by the rules */
    affinity: `affinity${suffix}`,
    /** address . protocol . port . id → endpoint */
    stickyEndpoints: `sticky-endpoints${suffix}`,
    /** address . protocol . port . random number below n → endpoint */
    slots: (endpoints: number) => `slots${suffix}-${endpoints}`,
    /** address . protocol . port . random number below n → id of an endpoint */
    stickySlots: (endpoints: number) => `sticky-slots${suffix}-${endpoints}`,
  }
}
