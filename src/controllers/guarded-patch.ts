import type { DraftMeta, KubeObject } from '../api/object.ts'
import type { Patch } from '../client/client.ts'

interface MergeBody {
  /** null takes a field away. */
  readonly metadata?: { readonly [Field in keyof DraftMeta]?: DraftMeta[Field] | null }
  readonly spec?: object
  readonly status?: object
}

/**
 * A merge patch that applies only to this very object at this very version: what was computed from an outdated copy,
 * or for an earlier object of the same name, is refused with a Conflict instead of undoing what another wrote.
 */
export function guardedPatch({ metadata }: KubeObject, body: MergeBody): Patch {
  const { uid, resourceVersion } = metadata
  return { type: 'merge', body: { ...body, metadata: { ...body.metadata, uid, resourceVersion } } }
}
