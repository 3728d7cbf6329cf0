import { EndpointSlices, type EndpointSlice } from '../api/kinds/endpoint-slice.ts'
import { controllerOf, keyOf, objectKey, splitKey, type ObjectKey } from '../api/object.ts'
import type { Clock } from '../base/clock.ts'
import type { Cache } from '../client/cache.ts'
import type { Client } from '../client/client.ts'
import type { Source } from '../client/controller.ts'
import { PendingWrites } from './pending-writes.ts'
import { planSlices, type SliceGroup, type SliceOwner } from './slice-plan.ts'

export const serviceNameLabel = 'kubernetes.io/service-name'
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

  constructor({ client, slices, clock, manager }: SliceWriterOptions) {
    this.#client = client
    this.#slices = slices
    this.#manager = manager
    this.#writes = new PendingWrites({ cache: slices, client, resource: EndpointSlices, clock })
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
    return this.#slices
      .list(splitKey(service).namespace)
      .filter((slice) => this.#manages(slice) && serviceKeyOf(slice) === service)
      .filter(({ metadata }) => metadata.deletionTimestamp === undefined)
      .sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1))
  }

  #manages({ metadata }: EndpointSlice): boolean {
    return metadata.labels?.[managedByLabel] === this.#manager
  }
}

function serviceKeyOf(slice: EndpointSlice): ObjectKey {
  const { namespace, labels } = slice.metadata
  return objectKey(namespace, labels?.[serviceNameLabel] ?? controllerOf(slice)?.name ?? '')
}
