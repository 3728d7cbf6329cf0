import type { EndpointSlice } from '../../api/kinds/endpoint-slice.ts'
import type { Namespace } from '../../api/kinds/namespace.ts'
import type { Pod } from '../../api/kinds/pod.ts'
import type { Service } from '../../api/kinds/service.ts'
import { keyOf, objectKey, splitKey, type ObjectKey } from '../../api/object.ts'
import type { Cache } from '../../client/cache.ts'
import { addressKey } from './addresses.ts'
import { dnsEndpoints, dnsService, labelOf, podKey, podKeys } from './dns-objects.ts'
import { Tally, ValueIndex } from './value-index.ts'
import type { DnsEndpoint, DnsService, Zone, ZoneService } from './zone.ts'

export interface ZoneCaches {
  readonly services: Cache<Service>
  readonly slices: Cache<EndpointSlice>
  /** Without it, a namespace is known by having a Service. */
  readonly namespaces?: Cache<Namespace>
  /** Needed where pods' names are verified. */
  readonly pods?: Cache<Pod>
}

interface SliceEntry {
  readonly service: ObjectKey
  readonly endpoints: readonly DnsEndpoint[]
}

/** A `Zone` that follows the caches: what they have taken in is answered from that moment on. */
export class LiveZone implements Zone {
  readonly #caches: ZoneCaches
  readonly #services = new Map<ObjectKey, DnsService>()
  readonly #servicesIn = new Tally<string>()
  readonly #slices = new Map<ObjectKey, SliceEntry>()
  readonly #slicesOf = new ValueIndex<ObjectKey, ObjectKey>()
  readonly #servicesAt = new ValueIndex<string, ObjectKey>()
  readonly #slicesAt = new ValueIndex<string, ObjectKey>()
  readonly #pods = new Tally<string>()
  /** Of those Services that have been asked for since they changed. */
  readonly #views = new Map<ObjectKey, ServiceView>()
  readonly #unsubscribes: readonly (() => void)[]
  #serial = 1

  constructor(caches: ZoneCaches) {
    this.#caches = caches
    this.#unsubscribes = [
      caches.services.onChange((previous, next) => this.#changeService(previous, next)),
      caches.slices.onChange((previous, next) => this.#changeSlice(previous, next)),
      caches.namespaces?.onChange(() => (this.#serial += 1)),
      caches.pods?.onChange((previous, next) => this.#changePod(previous, next)),
    ].filter((unsubscribe) => unsubscribe !== undefined)
  }

  close(): void {
    for (const unsubscribe of this.#unsubscribes) unsubscribe()
  }

  get synced(): boolean {
    const { services, slices, namespaces } = this.#caches
    return services.hasSynced && slices.hasSynced && (namespaces?.hasSynced ?? true)
  }

  get podsSynced(): boolean {
    return this.#caches.pods?.hasSynced ?? true
  }

  get serial(): number {
    return this.#serial
  }

  hasNamespace(namespace: string): boolean {
    const { namespaces } = this.#caches
    return namespaces === undefined ? this.#servicesIn.has(namespace) : namespaces.get(namespace) !== undefined
  }

  service(key: ObjectKey): ZoneService | undefined {
    const known = this.#views.get(key)
    if (known !== undefined) return known
    const service = this.#services.get(key)
    if (service === undefined) return undefined
    const view = new ServiceView(service, () => this.#endpoints(key))
    this.#views.set(key, view)
    return view
  }

  namesOf(address: string): readonly string[] {
    const services = this.#servicesAt.get(address).map(nameOf)
    if (services.length > 0) return services.sort(compare)
    const endpoints = this.#slicesAt.get(address).flatMap((key) => this.#namesIn(key, address))
    return [...new Set(endpoints)].sort(compare)
  }

  /** None if the Service is gone, and leads nowhere or elsewhere: the endpoints' names are gone as well. */
  #namesIn(key: ObjectKey, address: string): readonly string[] {
    const slice = this.#slices.get(key)
    const service = slice && this.#services.get(slice.service)
    if (slice === undefined || service === undefined || service.type === 'external-name') return []
    const held = slice.endpoints.filter((endpoint) => addressKey(endpoint.address) === address)
    return held.map((endpoint) => `${labelOf(endpoint)}.${nameOf(slice.service)}`)
  }

  hasPod(namespace: string, address: string): boolean {
    return this.#pods.has(podKey(namespace, address))
  }

  #endpoints(key: ObjectKey): readonly DnsEndpoint[] {
    const slices = this.#slicesOf.get(key).map((slice) => this.#slices.get(slice)?.endpoints ?? [])
    return slices.flat().sort((a, b) => compare(a.address, b.address))
  }

  #changeService(previous: Service | undefined, next: Service | undefined): void {
    this.#serial += 1
    if (previous !== undefined) this.#dropService(previous)
    if (next === undefined) return
    const [key, service] = [keyOf(next), dnsService(next)]
    this.#servicesIn.add(next.metadata.namespace ?? '')
    if (service === undefined) return
    this.#services.set(key, service)
    for (const address of clusterAddresses(service)) this.#servicesAt.add(address, key)
  }

  #dropService(previous: Service): void {
    const key = keyOf(previous)
    for (const address of clusterAddresses(this.#services.get(key))) this.#servicesAt.remove(address, key)
    this.#servicesIn.remove(previous.metadata.namespace ?? '')
    this.#services.delete(key)
    this.#views.delete(key)
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
    this.#views.delete(serviceKey)
    for (const { address } of entry.endpoints) this.#slicesAt.add(addressKey(address), key)
  }

  #dropSlice(key: ObjectKey): void {
    const entry = this.#slices.get(key)
    if (entry === undefined) return
    this.#slices.delete(key)
    this.#slicesOf.remove(entry.service, key)
    this.#views.delete(entry.service)
    for (const { address } of entry.endpoints) this.#slicesAt.remove(addressKey(address), key)
  }

  #changePod(previous: Pod | undefined, next: Pod | undefined): void {
    const [before, after] = [previous, next].map((pod) => (pod === undefined ? [] : podKeys(pod))) as [string[], string[]]
    // Of all that happens to pods, hardly anything matters here.
    if (before.join() === after.join()) return
    this.#serial += 1
    for (const key of before) this.#pods.remove(key)
    for (const key of after) this.#pods.add(key)
  }
}

class ServiceView implements ZoneService {
  readonly service: DnsService
  readonly #merge: () => readonly DnsEndpoint[]
  readonly #known = new Map<string, unknown>()

  constructor(service: DnsService, merge: () => readonly DnsEndpoint[]) {
    this.service = service
    this.#merge = merge
  }

  get endpoints(): readonly DnsEndpoint[] {
    return this.once('endpoints', this.#merge)
  }

  once<T>(key: string, work: () => T): T {
    if (!this.#known.has(key)) this.#known.set(key, work())
    // What is under a key is of the type of those who use it.
    return this.#known.get(key) as T
  }
}

function clusterAddresses(service: DnsService | undefined): readonly string[] {
  return service?.type === 'cluster-ip' ? service.addresses.map(addressKey) : []
}

/** `web.default` of `default/web` */
function nameOf(key: ObjectKey): string {
  const { namespace, name } = splitKey(key)
  return `${name}.${namespace}`
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
