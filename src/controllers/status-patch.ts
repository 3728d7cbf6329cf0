import { semanticallyEqual } from '../api/equality.ts'
import type { KubeObject } from '../api/object.ts'
import type { Patch } from '../client/client.ts'

/** Replaces the status of this very object, fields that are no longer there included; undefined if it says the same. */
export function statusPatch(object: KubeObject & { readonly status?: object }, status: object): Patch | undefined {
  if (semanticallyEqual(object.status, status)) return undefined
  const gone = Object.fromEntries(Object.keys(object.status ?? {}).map((field) => [field, null]))
  return { type: 'merge', body: { metadata: { uid: object.metadata.uid }, status: { ...gone, ...status } } }
}
