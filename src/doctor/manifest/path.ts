import { isMap, isSeq, type Document, type Node } from 'yaml'
import { pairOf, resolved } from './documents.ts'

/** The way from an object to a value in it: names of fields, keys, and numbers of items. */
export type Path = readonly (string | number)[]

/** `spec.ports[0].name` */
export function textOf(path: Path): string {
  return path.map((step) => (typeof step === 'number' ? `[${step}]` : `.${step}`)).join('').replace(/^\./, '')
}

/** The inverse, as far as names have no dots in them. */
export function pathOf(field: string): Path {
  return [...field.matchAll(/\[(\d+)\]|\[([^\]]+)\]|([^.[\]]+)/g)].map(([, index, key, name = '']) => (index === undefined ? (key ?? name) : Number(index)))
}

export interface Found {
  /** What stands at the end of the path, or of the longest part of it that is there. */
  readonly node: Node
  /** The key before it, if it is the value of a field. */
  readonly key: unknown
  readonly isComplete: boolean
}

export function nodeAt(root: Node, path: Path, document: Document.Parsed): Found {
  let found: Found = { node: root, key: undefined, isComplete: true }
  for (const step of path) {
    const next = stepInto(found.node, step, document)
    if (next === undefined) return { ...found, isComplete: false }
    found = { ...next, isComplete: true }
  }
  return found
}

function stepInto(node: Node, step: string | number, document: Document.Parsed): Omit<Found, 'isComplete'> | undefined {
  if (isMap(node)) {
    const pair = pairOf(node, String(step))
    const value = resolved(pair?.value, document)
    return pair === undefined || value === undefined ? undefined : { node: value, key: pair.key }
  }
  const item = isSeq(node) && typeof step === 'number' ? resolved(node.items[step], document) : undefined
  return item === undefined ? undefined : { node: item, key: undefined }
}
