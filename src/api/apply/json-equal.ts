import { isJsonObject } from '../patch/json-object.ts'

/** Whether two JSON values are the same, whatever order their keys came in. A missing key is not a null one. */
export function jsonEqual(a: unknown, b: unknown): boolean {
  if (a === b) return true
  if (Array.isArray(a)) {
    return Array.isArray(b) && a.length === b.length && a.every((item, index) => jsonEqual(item, b[index]))
  }
  if (!isJsonObject(a) || !isJsonObject(b)) return false
  let keys = 0
  for (const key in a) {
    if (a[key] === undefined) continue
    if (!Object.hasOwn(b, key) || !jsonEqual(a[key], b[key])) return false
    keys += 1
  }
  for (const key in b) if (b[key] !== undefined) keys -= 1
  return keys === 0
}
