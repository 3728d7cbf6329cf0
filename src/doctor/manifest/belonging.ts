import { isMap, isScalar, isSeq, type Node } from 'yaml'
import { typeNamed, type FieldType, type Schema } from '../../api/schema/schema.ts'
import type { Path } from './path.ts'

/** Deeper than this nobody misplaces a field. */
const maxDepth = 7
/** Written by the server, never in a manifest. */
const written: ReadonlySet<string> = new Set(['status', 'managedFields', 'ownerReferences'])

/**
 * Where in a type there is a field of this name that could hold the value: the nearest to where it stands, and of equally
 * near ones the highest. Items of lists are 0.
 */
export function placeFor(field: { readonly name: string; readonly value: Node | undefined; readonly owner: Path }, root: string, schema: Schema): Path | undefined {
  const found: Path[] = []
  let level: readonly { readonly path: Path; readonly type: FieldType }[] = [{ path: [], type: { ref: root } }]
  for (let depth = 0; depth < maxDepth && level.length > 0; depth += 1) {
    const next: { path: Path; type: FieldType }[] = []
    for (const { path, type } of level) {
      if (typeof type === 'string' || 'map' in type) continue
      if ('list' in type) {
        next.push({ path: [...path, 0], type: type.list })
        continue
      }
      for (const [name, { type: inner }] of typeNamed(schema, type.ref).fields) {
        if (written.has(name)) continue
        if (name === field.name && fits(field.value, inner)) found.push([...path, name])
        next.push({ path: [...path, name], type: inner })
      }
    }
    level = next
  }
  const own = withoutNumbers(field.owner)
  return found.sort((a, b) => distance(own, a) - distance(own, b) || a.length - b.length)[0]
}

/** Steps up and down again, from the owner to the owner of the place. */
function distance(owner: Path, place: Path): number {
  const target = withoutNumbers(place).slice(0, -1)
  const same = owner.findIndex((step, index) => step !== target[index])
  const common = same < 0 ? owner.length : same
  return owner.length - common + (target.length - common)
}

function withoutNumbers(path: Path): Path {
  return path.filter((step) => typeof step !== 'number')
}

export function fits(node: Node | undefined, type: FieldType): boolean {
  if (node === undefined || type === 'any') return true
  if (typeof type === 'string') return isScalar(node)
  return 'list' in type ? isSeq(node) : isMap(node)
}
