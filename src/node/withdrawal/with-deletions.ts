import type { EndpointSlice } from '../../api/kinds/endpoint-slice.ts'
import { keyOf, type ObjectKey } from '../../api/object.ts'
import type { Cache } from '../../client/cache.ts'
import type { AppliedRevisionDeps } from './applied-revision.ts'

type OnApplied = AppliedRevisionDeps['onApplied']

/** What a data plane follows, but with the version of its deletion for each slice that was deleted. */
export function withDeletions(slices: Cache<EndpointSlice>, onApplied: OnApplied): OnApplied {
  return (listener) => {
    const deletedAt = new Map<ObjectKey, string | undefined>()
    slices.onChange((previous, next) => {
      if (next !== undefined) deletedAt.delete(keyOf(next))
      else if (previous !== undefined) deletedAt.set(keyOf(previous), slices.version)
    })
    onApplied((versions) => {
      listener(new Map([...versions].map(([key, version]) => [key, version ?? deletedAt.get(key)])))
      for (const [key, version] of versions) if (version === undefined) deletedAt.delete(key)
    })
  }
}
