import { isJsonObject } from '../patch/json-object.ts'

/**
 * One step of a path to a field, as FieldsV1 writes it (KEP-555, structured-merge-diff `PathElement`):
 *
 * - `f:replicas`: the field of that name, or the key of a map
 * - `k:{"port":80,"protocol":"TCP"}`: the item of a list with those keys, sorted by name
 * - `v:"kubernetes.io/x"`: the item of a set with that value
 * - `i:0`: the item of a list by its index
 *
 * Elements that mean the same are the same string.
 */
export type PathElement = string

type PlainValue = string | number | boolean | null

export function fieldElement(name: string): PathElement {
  return `f:${name}`
}

/** The keys must be sorted by name. */
export function keyElement(keys: readonly (readonly [string, unknown])[]): PathElement {
  return `k:${JSON.stringify(Object.fromEntries(keys))}`
}

export function valueElement(value: unknown): PathElement {
  return `v:${JSON.stringify(value)}`
}

export type ParsedElement =
  | { readonly element: PathElement }
  /** Of a form that is not known, and to be left out. */
  | { readonly element?: undefined }

/** The element in its one spelling. Undefined if the text cannot be an element. */
export function parseElement(text: string): ParsedElement | undefined {
  if (text[1] !== ':') return undefined
  const rest = text.slice(2)
  switch (text[0]) {
    case 'f':
      return { element: text }
    case 'v': {
      const value = plainValue(rest)
      return value === undefined ? undefined : { element: valueElement(value) }
    }
    case 'k': {
      const keys = keysOf(rest)
      return keys === undefined ? undefined : { element: keyElement(keys) }
    }
    case 'i':
      return /^[+-]?\d{1,15}$/.test(rest) ? { element: `i:${Number(rest)}` } : undefined
    default:
      return {}
  }
}

/** Fields before keys before values before indexes, each by content. The very same array if it is in that order. */
export function sortElements(elements: readonly PathElement[]): readonly PathElement[] {
  const ranked = elements.map((element) => ({ element, rank: rankOf(element) }))
  const isInOrder = ranked.every(({ rank }, index) => compareRanks(ranked[index - 1]?.rank ?? rank, rank) <= 0)
  if (isInOrder) return elements
  return ranked.sort((a, b) => compareRanks(a.rank, b.rank)).map(({ element }) => element)
}

/** As messages write it: `.replicas`, `[port=80,protocol="TCP"]`, `[="x"]`. */
export function describeElement(element: PathElement): string {
  const rest = element.slice(2)
  switch (element[0]) {
    case 'f':
      return `.${rest}`
    case 'k':
      return `[${describeEntries(parsed(rest)).join(',')}]`
    case 'v':
      return `[=${rest}]`
    default:
      return `[${rest}]`
  }
}

/** Keys may be of any kind as long as nobody has checked the item that they are of. */
function describeEntries(keys: unknown): string[] {
  const entries = isJsonObject(keys) ? Object.entries(keys) : []
  return entries.map(([name, value]) => `${name}=${describeValue(value)}`)
}

function describeValue(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(describeValue).join(',')}]`
  return isJsonObject(value) ? describeEntries(value).join('') : JSON.stringify(value)
}

/** What an element is sorted by; read once for all comparisons. */
type Rank =
  | { readonly kind: 0; readonly name: string }
  | { readonly kind: 1; readonly keys: readonly Key[] }
  | { readonly kind: 2; readonly value: PlainValue }
  | { readonly kind: 3; readonly index: number }

function rankOf(element: PathElement): Rank {
  const rest = element.slice(2)
  switch (element[0]) {
    case 'f':
      return { kind: 0, name: rest }
    case 'k':
      return { kind: 1, keys: keysOf(rest) ?? [] }
    case 'v':
      return { kind: 2, value: plainValue(rest) ?? null }
    default:
      return { kind: 3, index: Number(rest) }
  }
}

function compareRanks(a: Rank, b: Rank): number {
  if (a.kind === 0 && b.kind === 0) return compareValues(a.name, b.name)
  if (a.kind === 1 && b.kind === 1) return compareKeys(a.keys, b.keys)
  if (a.kind === 2 && b.kind === 2) return compareValues(a.value, b.value)
  if (a.kind === 3 && b.kind === 3) return a.index - b.index
  return a.kind - b.kind
}

function compareKeys(a: readonly Key[], b: readonly Key[]): number {
  for (const [index, [name, value]] of a.entries()) {
    const other = b[index]
    if (other === undefined) return 1
    const difference = compareValues(name, other[0]) || compareValues(value, other[1])
    if (difference !== 0) return difference
  }
  return a.length - b.length
}

const typeOrder = ['number', 'string', 'boolean', 'object']

function compareValues(a: PlainValue, b: PlainValue): number {
  if (a === b) return 0
  if (typeof a !== typeof b) return typeOrder.indexOf(typeof a) - typeOrder.indexOf(typeof b)
  return (a ?? 0) < (b ?? 0) ? -1 : 1
}

type Key = readonly [string, PlainValue]

function keysOf(json: string): Key[] | undefined {
  const value = parsed(json)
  if (!isJsonObject(value)) return undefined
  const keys = Object.entries(value)
  if (!keys.every((key): key is [string, PlainValue] => isPlain(key[1]))) return undefined
  return keys.sort(([a], [b]) => (a < b ? -1 : 1))
}

function plainValue(json: string): PlainValue | undefined {
  const value = parsed(json)
  return isPlain(value) ? value : undefined
}

function isPlain(value: unknown): value is PlainValue {
  return value === null || ['string', 'number', 'boolean'].includes(typeof value)
}

/** Undefined for what is not JSON. */
function parsed(json: string): unknown {
  try {
    return JSON.parse(json)
  } catch {
    return undefined
  }
}
