import { isAlias, isMap, isScalar, isSeq, type Alias, type Document, type Node, type Pair, type YAMLMap } from 'yaml'
import { readScalar, UnreadableValue, WrongType } from '../../api/schema/scalars.ts'
import { typeNamed, type FieldType, type ObjectType, type Schema } from '../../api/schema/schema.ts'
import { isNothing, keyOf, resolved } from './documents.ts'
import { textOf, type Path } from './path.ts'

/** Where an object differs from the type that it is to have. */
export type Misfit =
  | { readonly what: 'unknown-field'; readonly owner: Path; readonly name: string; readonly pair: Pair; readonly type: ObjectType; readonly among: YAMLMap }
  | { readonly what: 'duplicate-key'; readonly owner: Path; readonly name: string; readonly pair: Pair }
  | { readonly what: 'wrong-type'; readonly path: Path; readonly node: Node; readonly type: FieldType }
  | { readonly what: 'unreadable'; readonly path: Path; readonly node: Node; readonly why: string }

/** All of them, in the order in which they stand there. */
export function misfitsOf(object: Node, typeName: string, { document, schema }: { document: Document.Parsed; schema: Schema }): readonly Misfit[] {
  const search = new Search(document, schema)
  search.value(object, { ref: typeName }, [])
  return search.misfits
}

/** What is known of the fields of an object while they are gone through. */
interface Among {
  readonly path: Path
  readonly seen: Set<string>
  readonly among: YAMLMap
}

/** Aliases may lead to what they stand in. */
const maxDepth = 100

class Search {
  readonly misfits: Misfit[] = []
  readonly #document: Document.Parsed
  readonly #schema: Schema
  /** What was merged, and into what: fields may be merged from what they are merged into, or from one thing many times. */
  readonly #merges = new Map<unknown, Set<string>>()
  #depth = 0

  constructor(document: Document.Parsed, schema: Schema) {
    this.#document = document
    this.#schema = schema
  }

  value(given: unknown, type: FieldType, path: Path): void {
    if (this.#depth > maxDepth) return
    this.#depth += 1
    this.#value(given, type, path)
    this.#depth -= 1
  }

  #value(given: unknown, type: FieldType, path: Path): void {
    const node = resolved(given, this.#document)
    if (isAlias(given) && node === undefined) return this.#leadsNowhere(given, path)
    if (type === 'any' || node === undefined || isNothing(node)) return
    if (typeof type === 'string') return this.#scalar(node, type, path)
    if ('list' in type) {
      if (!isSeq(node)) return this.#isOfWrongType(node, type, path)
      return node.items.forEach((item, index) => this.value(item, type.list, [...path, index]))
    }
    if (!isMap(node)) return this.#isOfWrongType(node, type, path)
    const seen = new Set<string>()
    for (const pair of node.items) this.#pair(pair, type, { path, seen, among: node })
  }

  #pair(pair: Pair, type: { readonly map: FieldType } | { readonly ref: string }, { path, seen, among }: Among): void {
    const name = keyOf(pair)
    if (name === undefined) return
    if (name === '<<') return this.#merged(pair.value, type, path)
    if (seen.has(name)) this.misfits.push({ what: 'duplicate-key', owner: path, name, pair })
    seen.add(name)
    if ('map' in type) return this.value(pair.value, type.map, [...path, name])
    const owner = typeNamed(this.#schema, type.ref)
    const field = owner.fields.get(name)
    if (field === undefined) this.misfits.push({ what: 'unknown-field', owner: path, name, pair, type: owner, among })
    else this.value(pair.value, field.type, [...path, name])
  }

  /** The fields of another object, or of several. */
  #merged(given: unknown, type: FieldType, path: Path): void {
    const all = isSeq(given) ? given.items : [given]
    const into = textOf(path)
    for (const each of all) {
      const node = resolved(each, this.#document)
      const places = this.#merges.get(node) ?? new Set()
      if (node !== undefined && places.has(into)) continue
      this.#merges.set(node, places.add(into))
      this.value(each, type, path)
    }
  }

  #scalar(node: Node, type: Exclude<FieldType, 'any' | object>, path: Path): void {
    if (!isScalar(node)) return this.#isOfWrongType(node, type, path)
    try {
      readScalar(node.value, type)
    } catch (error) {
      if (error instanceof WrongType) return this.#isOfWrongType(node, type, path)
      if (!(error instanceof UnreadableValue)) throw error
      this.misfits.push({ what: 'unreadable', path, node, why: error.message })
    }
  }

  #leadsNowhere(node: Alias, path: Path): void {
    const why = `an asterisk begins an alias, and there is no anchor &${node.source}; a text that begins with one needs quotes`
    this.misfits.push({ what: 'unreadable', path, node, why })
  }

  #isOfWrongType(node: Node, type: FieldType, path: Path): void {
    this.misfits.push({ what: 'wrong-type', path, node, type })
  }
}
