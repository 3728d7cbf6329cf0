import type { ObjectKey } from '../../api/object.ts'

/** What the cluster's names are answered from: the live state, reduced to what names need and indexed by it. */
export interface Zone {
  /** False until the first lists are in: nothing can be said to be missing before. */
  readonly synced: boolean
  /** The same for pods, of which only names below `pod` speak. */
  readonly podsSynced: boolean
  /** Grows with every change. */
  readonly serial: number
  hasNamespace(namespace: string): boolean
  /** A Service with what is behind it: another object after every change of either. Undefined if it has no names. */
  service(key: ObjectKey): ZoneService | undefined
  /** Names below `svc.<domain>` for an `addressKey`, `web.default` or `10-108-1-7.web.default`, sorted. */
  namesOf(address: string): readonly string[]
  /** Whether a pod of the namespace has the address that this is the `addressKey` of. */
  hasPod(namespace: string, address: string): boolean
}

export interface ZoneService {
  readonly service: DnsService
  /** Ready endpoints, sorted by address. An address has several if its ports differ between EndpointSlices. */
  readonly endpoints: readonly DnsEndpoint[]
  /** Something that follows from it: worked out once, and kept for as long as this object is. */
  once<T>(key: string, work: () => T): T
}

export type DnsService =
  | { readonly type: 'cluster-ip'; readonly addresses: readonly string[]; readonly ports: readonly DnsPort[] }
  | { readonly type: 'headless' }
  | { readonly type: 'external-name'; readonly target: string }

export interface DnsPort {
  /** '' if it has none. */
  readonly name: string
  /** `tcp`, `udp`, `sctp` */
  readonly protocol: string
  readonly port: number
}

export interface DnsEndpoint {
  readonly address: string
  /** Undefined: it is called by its address, with dashes. */
  readonly hostname: string | undefined
  readonly ports: readonly DnsPort[]
}
