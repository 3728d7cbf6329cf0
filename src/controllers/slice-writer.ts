import { EndpointSlices, serviceNameLabel, type EndpointSlice } from '../api/kinds/endpoint-slice.ts'
import { controllerOf, keyOf, objectKey, type ObjectKey } from '../api/object.ts'
import type { Clock } from '../base/clock.ts'
import type { Cache } from '../client/cache.ts'
import type { Client } from '../client/client.ts'
import type { Source } from '../client/controller.ts'
import { PendingWrites } from './pending-writes.ts'
import { planSlices, type SliceGroup, type SliceOwner } from './slice-plan.ts'

export const managedByLabel = 'endpointslice.kubernetes.io/managed-by'

export interface SliceWriterOptions {
  readonly client: Client
  readonly slices: Cache<EndpointSlice>
  readonly clock: Clock
  /** Value of the managed-by label: which slices are this writer's. */
  readonly manager: string
}

/** Keeps the slices of one manager, by the Service they belong to. Acts only on a cache that shows its last writes. */
export class SliceWriter {
  readonly #client: Client
  readonly #slices: Cache<EndpointSlice>
  readonly #manager: string
  readonly #writes: PendingWrites<EndpointSlice>
  /** The keys of this manager's slices, so that a Service is looked after at the same price among thousands. */
  readonly #ofService = new Map<ObjectKey, Set<ObjectKey>>()

  constructor({ client, slices, clock, manager }: SliceWriterOptions) {
    this.#client = client
    this.#slices = slices
    this.#manager = manager
    this.#writes = new PendingWrites({ cache: slices, client, resource: EndpointSlices, clock })
    slices.onChange((previous, next) => {
      if (previous !== undefined) this.#ofService.get(serviceKeyOf(previous))?.delete(keyOf(previous))
      if (next !== undefined && this.#manages(next)) this.#note(next)
      if (previous !== undefined) this.#dropIfEmpty(serviceKeyOf(previous))
    })
  }

  /** Wakes the Service of a slice that is this manager's, or was. */
  get source(): Source {
    const { synced } = this.#slices
    const subscribe = (wake: (key: ObjectKey) => void) =>
      this.#slices.onChange((previous, next) => {
        for (const slice of [previous, next]) if (slice !== undefined && this.#manages(slice)) wake(serviceKeyOf(slice))
      })
    return this.#writes.watching({ synced, subscribe })
  }

  /** False if the cache does not show yet what was written last: a change of it will wake the Service again. */
  async settled(service: ObjectKey, signal: AbortSignal): Promise<boolean> {
    const belongs = (slice: EndpointSlice) => this.#manages(slice) && serviceKeyOf(slice) === service
    return this.#writes.settled(service, { belongs, signal })
  }

  async apply(owner: SliceOwner, groups: readonly SliceGroup[], signal: AbortSignal): Promise<void> {
    const service = objectKey(owner.namespace, owner.name)
    const isTaken = (name: string) => this.#slices.get(objectKey(owner.namespace, name)) !== undefined
    const plan = planSlices(owner, groups, { existing: this.#of(service), isTaken })
    for (const draft of plan.create) {
      await this.#writes.create(service, () => this.#client.create(EndpointSlices, draft, { signal }))
    }
    for (const slice of plan.update) {
      await this.#writes.update(service, slice, () => this.#client.update(EndpointSlices, slice, { signal }))
    }
    for (const slice of plan.delete) await this.#delete(service, slice, signal)
  }

  async deleteAll(service: ObjectKey, signal: AbortSignal): Promise<void> {
    for (const slice of this.#of(service)) await this.#delete(service, slice, signal)
  }

  async #delete(service: ObjectKey, slice: EndpointSlice, signal: AbortSignal): Promise<void> {
    const { namespace, name, uid } = slice.metadata
    const write = () => this.#client.delete(EndpointSlices, { namespace, name }, { uid, signal })
    await this.#writes.delete(service, slice, write)
  }

  /** Without slices that wait for a finalizer only: they are as good as gone, and others take their place. */
  #of(service: ObjectKey): readonly EndpointSlice[] {
    return [...(this.#ofService.get(service) ?? [])].sort().flatMap((key) => {
      const slice = this.#slices.get(key)
      return slice === undefined || slice.metadata.deletionTimestamp !== undefined ? [] : [slice]
    })
  }

  #note(slice: EndpointSlice): void {
    const service = serviceKeyOf(slice)
    const keys = this.#ofService.get(service) ?? new Set()
    this.#ofService.set(service, keys.add(keyOf(slice)))
  }

  #dropIfEmpty(service: ObjectKey): void {
    if (this.#ofService.get(service)?.size === 0) this.#ofService.delete(service)
  }

  #manages({ metadata }: EndpointSlice): boolean {
    return metadata.labels?.[managedByLabel] === this.#manager
  }
}

function serviceKeyOf(slice: EndpointSlice): ObjectKey {
  const { namespace, labels } = slice.metadata
  return objectKey(namespace, labels?.[serviceNameLabel] ?? controllerOf(slice)?.name ?? '')
}
