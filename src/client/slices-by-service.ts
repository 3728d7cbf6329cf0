import type { EndpointSlice } from '../api/kinds/endpoint-slice.ts'
import { keyOf, type ObjectKey } from '../api/object.ts'
import { serviceOf } from '../api/kinds/service-endpoints.ts'

/** EndpointSlices by the Service that they belong to. */
export class SlicesByService {
  readonly #slices = new Map<ObjectKey, Map<ObjectKey, EndpointSlice>>()

  of(service: ObjectKey): readonly EndpointSlice[] {
    return [...(this.#slices.get(service)?.values() ?? [])]
  }

  /** Returns the Services that the change concerns. */
  change(previous: EndpointSlice | undefined, next: EndpointSlice | undefined): readonly ObjectKey[] {
    const [from, to] = [previous, next].map((slice) => slice && serviceOf(slice))
    if (previous !== undefined && from !== undefined) {
      const ofService = this.#slices.get(from)
      ofService?.delete(keyOf(previous))
      if (ofService?.size === 0) this.#slices.delete(from)
    }
    if (next !== undefined && to !== undefined) {
      this.#slices.set(to, (this.#slices.get(to) ?? new Map<ObjectKey, EndpointSlice>()).set(keyOf(next), next))
    }
    return [from, to].filter((key) => key !== undefined)
  }
}
