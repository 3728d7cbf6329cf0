import { describeElement, parseElement, sortElements, type PathElement } from './path-element.ts'

/**
 * A set of fields in the form of FieldsV1: a tree of path elements. A node below the root that has no children is in
 * the set; one with children is in the set if it has the entry `.`, and its children are whatever else it has.
 * The root itself is never in the set, so that `{}` is the empty set. Sets are never changed once they are made,
 * and share parts.
 */
export interface FieldSet {
  readonly [element: PathElement]: FieldSet
}

const self = '.'
export const emptySet: FieldSet = Object.freeze({})
/** A node that is in the set and has no children. */
export const leaf: FieldSet = emptySet

export function isEmptySet(set: FieldSet): boolean {
  for (const _ in set) return false
  return true
}

/** The elements below a node, without its own mark. */
export function childrenOf(node: FieldSet): PathElement[] {
  return Object.keys(node).filter((element) => element !== self)
}

/** Whether a node below the root is itself in the set. */
export function isMember(node: FieldSet): boolean {
  return self in node || isEmptySet(node)
}

/** A node below the root; undefined if nothing at it or under it is in the set. */
export function nodeOf(isSelf: boolean, children: Children): FieldSet | undefined {
  if (isEmptySet(children)) return isSelf ? leaf : undefined
  return isSelf ? { [self]: leaf, ...children } : children
}

/** The children of a node while it is being made. */
export type Children = Record<PathElement, FieldSet>

/** All that is in either. */
export function union(a: FieldSet, b: FieldSet): FieldSet {
  if (isEmptySet(a)) return b
  return isEmptySet(b) ? a : uniteChildren(a, b)
}

/** What is in both. */
export function intersection(a: FieldSet, b: FieldSet): FieldSet {
  const children: Children = {}
  for (const element of childrenOf(a)) {
    const [left, right] = [a[element], b[element]]
    if (left === undefined || right === undefined) continue
    const node = nodeOf(isMember(left) && isMember(right), intersection(left, right))
    if (node !== undefined) children[element] = node
  }
  return children
}

/** What is in the first and not in the second; of a field that is in the second, what is under it stays. */
export function difference(a: FieldSet, b: FieldSet): FieldSet {
  return subtract(a, b, (left, right) => nodeOf(isMember(left) && !isMember(right), difference(left, right)))
}

/** The same, but a field that is in the second takes everything under it away. */
export function recursiveDifference(a: FieldSet, b: FieldSet): FieldSet {
  return subtract(a, b, (left, right) =>
    isMember(right) ? undefined : nodeOf(isMember(left), recursiveDifference(left, right)),
  )
}

export function hasPath(set: FieldSet, path: readonly PathElement[]): boolean {
  let node: FieldSet | undefined = set
  for (const element of path) node = node?.[element]
  return path.length > 0 && node !== undefined && isMember(node)
}

/** The set of one field. */
export function setOfPath(path: readonly PathElement[]): FieldSet {
  return path.reduceRight<FieldSet>((below, element) => ({ [element]: below }), leaf)
}

/** Every field of the set as messages write it, `.spec.ports[port=80,protocol="TCP"].name`, parents first. */
export function describePaths(set: FieldSet, prefix = ''): string[] {
  const elements = sortElements(childrenOf(set))
  const here = elements.filter((element) => isMember(set[element] ?? leaf))
  return [
    ...here.map((element) => prefix + describeElement(element)),
    ...elements.flatMap((element) => describePaths(set[element] ?? leaf, prefix + describeElement(element))),
  ]
}

/** The same set with its elements in upstream's order, so that equal sets have equal JSON; itself if it has it. */
export function sorted(set: FieldSet): FieldSet {
  const elements = childrenOf(set)
  if (elements.length === 0) return set
  const inOrder = sortElements(elements)
  const nodes = inOrder.map((element) => sorted(set[element] ?? leaf))
  if (inOrder === elements && elements.every((element, index) => set[element] === nodes[index])) return set
  const result: Children = self in set ? { [self]: leaf } : {}
  for (const [index, element] of inOrder.entries()) result[element] = nodes[index] ?? leaf
  return result
}

/**
 * The set that a `fieldsV1` is, with elements of unknown form left out. Undefined if it is none: not a tree of objects,
 * or with an element that cannot be read.
 */
export function parseFieldSet(value: unknown): FieldSet | undefined {
  const node = parseNode(value)
  if (node === undefined) return undefined
  const { [self]: _, ...children } = node
  return children
}

function parseNode(value: unknown): FieldSet | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
  const children: Children = {}
  for (const [text, below] of Object.entries(value)) {
    if (text === self) continue
    const parsed = parseElement(text)
    if (parsed === undefined) return undefined
    if (parsed.element === undefined) continue
    const node = parseNode(below)
    if (node === undefined) return undefined
    children[parsed.element] = node
  }
  return nodeOf(self in value || isEmptySet(children), children)
}

function uniteChildren(a: FieldSet, b: FieldSet): FieldSet {
  const children: Children = {}
  for (const element of childrenOf(a)) children[element] = a[element] ?? leaf
  for (const element of childrenOf(b)) {
    const [left, right] = [children[element], b[element] ?? leaf]
    children[element] = left === undefined ? right : uniteNodes(left, right)
  }
  return children
}

function uniteNodes(a: FieldSet, b: FieldSet): FieldSet {
  if (a === b) return a
  return nodeOf(isMember(a) || isMember(b), uniteChildren(a, b)) ?? leaf
}

function subtract(
  a: FieldSet,
  b: FieldSet,
  both: (left: FieldSet, right: FieldSet) => FieldSet | undefined,
): FieldSet {
  const children: Children = {}
  for (const element of childrenOf(a)) {
    const [left, right] = [a[element] ?? leaf, b[element]]
    const node = right === undefined ? left : both(left, right)
    if (node !== undefined) children[element] = node
  }
  return children
}
