import { isAlias, isMap, isScalar, isSeq, parseAllDocuments, type Document, type Node, type Pair, type YAMLMap } from 'yaml'
import { yamlOptions } from '../../api/schema/parse.ts'

/** A document of a manifest, of which there may be several, with `---` between them. */
export interface ManifestDocument {
  readonly document: Document.Parsed
  /** The objects in it: one, or those of a List. Empty documents have none. */
  readonly objects: readonly Node[]
  /** Present if it is a List with nothing in it. */
  readonly emptyList?: YAMLMap
}

/** As kubectl reads YAML; JSON is YAML, too. */
export function documentsIn(text: string): readonly ManifestDocument[] {
  const parsed = parseAllDocuments(text, yamlOptions)
  const documents: readonly Document.Parsed[] = Array.isArray(parsed) ? parsed : []
  return documents.map((document) => ({ document, ...contentsOf(document) }))
}

function contentsOf(document: Document.Parsed): Omit<ManifestDocument, 'document'> {
  const root = document.contents
  if (root === null || isNothing(root)) return { objects: [] }
  const kind: unknown = isMap(root) ? root.get('kind') : undefined
  if (!isMap(root) || typeof kind !== 'string' || !kind.endsWith('List')) return { objects: [root] }
  const items: unknown = resolved(root.get('items', true), document)
  const objects = isSeq(items) ? items.items.flatMap((item) => resolved(item, document) ?? []) : []
  return objects.length === 0 ? { objects, emptyList: root } : { objects }
}

/** What is written where an alias is; undefined for nothing at all. */
export function resolved(node: unknown, document: Document.Parsed): Node | undefined {
  if (isAlias(node)) return node.resolve(document)
  return isMap(node) || isSeq(node) || isScalar(node) ? node : undefined
}

export function isNothing(node: unknown): boolean {
  return node === null || node === undefined || (isScalar(node) && node.value === null)
}

/** `name` of `name: kubia`; undefined for what is no key of a field. For the parser the key of a merge, `<<`, is a symbol. */
export function keyOf({ key }: Pair): string | undefined {
  if (typeof key === 'string') return key
  if (!isScalar(key)) return undefined
  return typeof key.value === 'symbol' ? key.value.description : String(key.value)
}

export function pairOf(map: YAMLMap, name: string): Pair | undefined {
  return map.items.find((pair) => keyOf(pair) === name)
}

/** Where a node begins and ends, without the blanks and comments behind it. */
export function rangeOf(node: unknown): readonly [number, number] {
  const range = isMap(node) || isSeq(node) || isScalar(node) || isAlias(node) ? node.range : undefined
  return range === undefined || range === null ? [0, 0] : [range[0], range[1]]
}
