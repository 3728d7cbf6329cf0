import { isJsonObject, ownValue } from './json-object.ts'

/**
 * JSON merge patch (RFC 7386): objects are merged, nulls delete, all else replaces.
 * Neither argument is changed; the result may share parts with both.
 */
export function applyMergePatch(original: unknown, patch: unknown): unknown {
  if (!isJsonObject(patch)) return patch
  const base = isJsonObject(original) ? original : {}
  const kept = Object.entries(base).filter(([key]) => !Object.hasOwn(patch, key))
  const patched = Object.entries(patch)
    .filter(([, value]) => value !== null)
    .map(([key, value]) => [key, applyMergePatch(ownValue(base, key), value)] as const)
  return Object.fromEntries([...kept, ...patched])
}
