import type { EndpointSlice } from '../api/kinds/endpoint-slice.ts'
import { keyOf, type ObjectKey } from '../api/object.ts'
import type { Log } from '../base/log.ts'

/** EndpointSlices by key: the resourceVersion, or undefined for one that was deleted. */
export type SliceVersions = ReadonlyMap<ObjectKey, string | undefined>

/** Tells those who want to know it which EndpointSlices a data plane sends traffic by. */
export class FollowedSlices {
  readonly #log: Log
  readonly #listeners = new Set<(slices: SliceVersions) => void>()
  /** Those that traffic does not follow yet as they are now. */
  #unapplied = new Map<ObjectKey, string | undefined>()

  constructor(log: Log) {
    this.#log = log
  }

  /** Calls back with the slices that traffic follows from now on. Returns the function that ends it. */
  onApplied(listener: (slices: SliceVersions) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  changed(previous: EndpointSlice | undefined, next: EndpointSlice | undefined): void {
    if (previous !== undefined) this.#unapplied.set(keyOf(previous), undefined)
    if (next !== undefined) this.#unapplied.set(keyOf(next), next.metadata.resourceVersion)
  }

  /** Applies, and tells of the changes that had come before it began; of none if it rejects, as this then does. */
  async whenApplied<T>(apply: () => Promise<T>): Promise<T> {
    const slices = this.#unapplied
    this.#unapplied = new Map()
    try {
      const result = await apply()
      if (slices.size > 0) for (const listener of this.#listeners) this.#tell(listener, slices)
      return result
    } catch (error) {
      this.#unapplied = new Map([...slices, ...this.#unapplied])
      throw error
    }
  }

  #tell(listener: (slices: SliceVersions) => void, slices: SliceVersions): void {
    try {
      listener(slices)
    } catch (err) {
      this.#log.error({ err }, 'who wants to know of applied endpoints could not be told')
    }
  }
}
