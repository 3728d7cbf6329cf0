import jsonPatch from 'fast-json-patch'
import { badRequest } from '../api/errors.ts'
import type { Patch } from './client.ts'

/**
 * Lists that a strategic merge patch merges by a field of their items; other lists are replaced.
 * The few that Portolan's own components patch; the server has the full table.
 */
const mergeKeys: Readonly<Record<string, string>> = {
  conditions: 'type',
  ownerReferences: 'uid',
  containers: 'name',
  initContainers: 'name',
  env: 'name',
  podIPs: 'ip',
  hostIPs: 'ip',
}

/** The patched copy of an object. Throws `BadRequest` for what this simple form does not know. */
export function applyMemoryPatch(object: unknown, patch: Patch): unknown {
  switch (patch.type) {
    case 'merge':
      return merge(object, patch.body, () => undefined)
    case 'strategic':
      return merge(object, patch.body, (field) => mergeKeys[field])
    case 'json':
      return applyOperations(object, patch)
    default:
      return patch satisfies never
  }
}

function applyOperations(object: unknown, { body }: Extract<Patch, { type: 'json' }>): unknown {
  try {
    return jsonPatch.applyPatch(structuredClone(object), structuredClone([...body]), true).newDocument
  } catch (error) {
    throw badRequest(error instanceof Error ? error.message : String(error))
  }
}

type MergeKeyOf = (field: string) => string | undefined

/** RFC 7386, with lists merged where a merge key is known. */
function merge(target: unknown, patch: unknown, mergeKeyOf: MergeKeyOf): unknown {
  if (!isRecord(patch)) return patch
  const result: Record<string, unknown> = isRecord(target) ? { ...target } : {}
  for (const [field, value] of Object.entries(patch)) {
    if (field.startsWith('$')) throw badRequest(`the in-memory client does not know the patch directive ${field}`)
    const mergeKey = mergeKeyOf(field)
    if (value === null) delete result[field]
    else if (!Array.isArray(value) || mergeKey === undefined) result[field] = merge(result[field], value, mergeKeyOf)
    else result[field] = mergeList(result[field], value, mergeKey, mergeKeyOf)
  }
  return result
}

function mergeList(target: unknown, patch: readonly unknown[], key: string, mergeKeyOf: MergeKeyOf): unknown[] {
  const plain = patch.filter((item) => !(isRecord(item) && item['$patch'] === 'replace'))
  if (plain.length < patch.length) return plain
  const result: unknown[] = Array.isArray(target) ? [...target] : []
  for (const item of patch) {
    const at = result.findIndex((present) => isRecord(present) && isRecord(item) && present[key] === item[key])
    if (at < 0) result.push(merge(undefined, item, mergeKeyOf))
    else result[at] = merge(result[at], item, mergeKeyOf)
  }
  return result
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
