import { isIP, isIPv4 } from 'node:net'
import type { EndpointSlice } from '../../api/kinds/endpoint-slice.ts'
import type { Namespace } from '../../api/kinds/namespace.ts'
import type { Service } from '../../api/kinds/service.ts'
import { keyOf, objectKey, type ObjectKey } from '../../api/object.ts'
import type { Cache } from '../../client/cache.ts'

/** What the cluster's names are answered from: the live state, reduced to what names need and indexed by it. */
export interface Zone {
  /** False until the first lists are in: nothing can be said to be missing before. */
  readonly synced: boolean
  /** Grows with every change. */
  readonly serial: number
  hasNamespace(namespace: string): boolean
  service(namespace: string, name: string): DnsService | undefined
  /** Ready endpoints of a Service, sorted by address. */
  endpoints(namespace: string, name: string): readonly DnsEndpoint[]
  /** Names below `svc.<domain>` for a reverse question, `web.default` or `10-108-1-7.web.default`, sorted. */
  namesOf(address: string): readonly string[]
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
  /** Its own, or its address with dashes. */
  readonly hostname: string
  readonly ports: readonly DnsPort[]
}

export interface ZoneCaches {
  readonly services: Cache<Service>
  readonly slices: Cache<EndpointSlice>
  /** Without it, a namespace is known by having a Service. */
  readonly namespaces?: Cache<Namespace>
}

interface SliceEntry {
  readonly service: ObjectKey
  readonly endpoints: readonly DnsEndpoint[]
}

/** A `Zone` that follows the caches: what they have taken in is answered from that moment on. */
export class LiveZone implements Zone {
  readonly #caches: ZoneCaches
  readonly #services = new Map<ObjectKey, DnsService>()
  readonly #servicesIn = new Counter<string>()
  readonly #slices = new Map<ObjectKey, SliceEntry>()
  readonly #slicesOf = new Index<ObjectKey, ObjectKey>()
  readonly #servicesAt = new Index<string, ObjectKey>()
  readonly #slicesAt = new Index<string, ObjectKey>()
  /** Merged lists of those Services that have been asked for since they changed. */
  readonly #merged = new Map<ObjectKey, readonly DnsEndpoint[]>()
  readonly #unsubscribes: readonly (() => void)[]
  #serial = 1

  constructor(caches: ZoneCaches) {
    this.#caches = caches
    this.#unsubscribes = [
      caches.services.onChange((previous, next) => this.#changeService(previous, next)),
      caches.slices.onChange((previous, next) => this.#changeSlice(previous, next)),
    ]
  }

  close(): void {
    for (const unsubscribe of this.#unsubscribes) unsubscribe()
  }

  get synced(): boolean {
    const { services, slices, namespaces } = this.#caches
    return services.hasSynced && slices.hasSynced && (namespaces?.hasSynced ?? true)
  }

  get serial(): number {
    return this.#serial
  }

  hasNamespace(namespace: string): boolean {
    const { namespaces } = this.#caches
    return namespaces === undefined ? this.#servicesIn.has(namespace) : namespaces.get(namespace) !== undefined
  }

  service(namespace: string, name: string): DnsService | undefined {
    return this.#services.get(objectKey(namespace, name))
  }

  endpoints(namespace: string, name: string): readonly DnsEndpoint[] {
    const key = objectKey(namespace, name)
    const known = this.#merged.get(key)
    if (known !== undefined) return known
    const merged = [...this.#slicesOf.get(key)]
      .flatMap((slice) => this.#slices.get(slice)?.endpoints ?? [])
      .sort((a, b) => compare(a.address, b.address))
    this.#merged.set(key, merged)
    return merged
  }

  namesOf(address: string): readonly string[] {
    const services = [...this.#servicesAt.get(address)].map(nameOf)
    if (services.length > 0) return services.sort(compare)
    const endpoints = [...this.#slicesAt.get(address)].flatMap((key) => {
      const slice = this.#slices.get(key)
      const held = slice?.endpoints.filter((endpoint) => endpoint.address === address) ?? []
      return slice === undefined ? [] : held.map(({ hostname }) => `${hostname}.${nameOf(slice.service)}`)
    })
    return [...new Set(endpoints)].sort(compare)
  }

  #changeService(previous: Service | undefined, next: Service | undefined): void {
    this.#serial += 1
    if (previous !== undefined) this.#dropService(previous)
    if (next === undefined) return
    const [key, service] = [keyOf(next), dnsService(next)]
    this.#servicesIn.add(next.metadata.namespace ?? '')
    if (service === undefined) return
    this.#services.set(key, service)
    if (service.type === 'cluster-ip') for (const address of service.addresses) this.#servicesAt.add(address, key)
  }

  #dropService(previous: Service): void {
    const key = keyOf(previous)
    const service = this.#services.get(key)
    this.#servicesIn.remove(previous.metadata.namespace ?? '')
    this.#services.delete(key)
    if (service?.type === 'cluster-ip') for (const address of service.addresses) this.#servicesAt.remove(address, key)
  }

  #changeSlice(previous: EndpointSlice | undefined, next: EndpointSlice | undefined): void {
    this.#serial += 1
    if (previous !== undefined) this.#dropSlice(keyOf(previous))
    const service = next?.metadata.labels?.['kubernetes.io/service-name']
    if (next === undefined || service === undefined) return
    const [key, serviceKey] = [keyOf(next), objectKey(next.metadata.namespace, service)]
    const entry = { service: serviceKey, endpoints: dnsEndpoints(next) }
    this.#slices.set(key, entry)
    this.#slicesOf.add(serviceKey, key)
    this.#merged.delete(serviceKey)
    for (const { address } of entry.endpoints) this.#slicesAt.add(address, key)
  }

  #dropSlice(key: ObjectKey): void {
    const entry = this.#slices.get(key)
    if (entry === undefined) return
    this.#slices.delete(key)
    this.#slicesOf.remove(entry.service, key)
    this.#merged.delete(entry.service)
    for (const { address } of entry.endpoints) this.#slicesAt.remove(address, key)
  }
}

/** Undefined for a Service that has nothing to answer: it has no address yet, or an external name that is none. */
function dnsService({ spec }: Service): DnsService | undefined {
  if (spec.type === 'ExternalName') {
    const target = (spec.externalName ?? '').replace(/\.$/, '')
    return isDnsName(target) ? { type: 'external-name', target } : undefined
  }
  if (spec.clusterIP === 'None') return { type: 'headless' }
  const addresses = (spec.clusterIPs ?? [spec.clusterIP ?? '']).filter((address) => isIP(address) !== 0)
  if (addresses.length === 0) return undefined
  return { type: 'cluster-ip', addresses, ports: (spec.ports ?? []).map(dnsPort) }
}

/** Ready is what is not said to be unready: `ready` of a slice takes publishNotReadyAddresses into account. */
function dnsEndpoints({ addressType, endpoints, ports }: EndpointSlice): readonly DnsEndpoint[] {
  if (addressType !== 'IPv4' && addressType !== 'IPv6') return []
  const dnsPorts = (ports ?? []).flatMap(({ port, ...rest }) => {
    return port === undefined ? [] : [dnsPort({ ...rest, port })]
  })
  return endpoints
    .filter(({ conditions }) => conditions?.ready !== false)
    .flatMap(({ addresses, hostname }) =>
      addresses
        .filter((address) => isIP(address) !== 0)
        .map((address) => ({ address, hostname: hostname ?? dashed(address), ports: dnsPorts })),
    )
}

function dnsPort({ name, protocol, port }: { name?: string; protocol?: string; port: number }): DnsPort {
  return { name: name ?? '', protocol: (protocol ?? 'TCP').toLowerCase(), port }
}

/** Kubernetes lets external names have labels that DNS has no room for, and addresses, which are no names. */
function isDnsName(name: string): boolean {
  const labels = name.split('.')
  return isIP(name) === 0 && name.length <= 253 && labels.every(({ length }) => length >= 1 && length <= 63)
}

function dashed(address: string): string {
  return address.replaceAll(isIPv4(address) ? '.' : ':', '-')
}

/** `web.default` of `default/web` */
function nameOf(key: ObjectKey): string {
  return key.split('/').reverse().join('.')
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

/** Values by key, with no empty entries left behind. */
class Index<K, V> {
  readonly #values = new Map<K, Set<V>>()

  get(key: K): ReadonlySet<V> {
    return this.#values.get(key) ?? new Set()
  }

  add(key: K, value: V): void {
    const values = this.#values.get(key)
    if (values === undefined) this.#values.set(key, new Set([value]))
    else values.add(value)
  }

  remove(key: K, value: V): void {
    const values = this.#values.get(key)
    if (values?.delete(value) === true && values.size === 0) this.#values.delete(key)
  }
}

class Counter<K> {
  readonly #counts = new Map<K, number>()

  has(key: K): boolean {
    return this.#counts.has(key)
  }

  add(key: K): void {
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1)
  }

  remove(key: K): void {
    const count = (this.#counts.get(key) ?? 0) - 1
    if (count > 0) this.#counts.set(key, count)
    else this.#counts.delete(key)
  }
}
