import { changeOperations, elementOperations } from '../../kernel/nft-elements.ts'
import type { NftOperation } from '../../kernel/nft.ts'
import type { TimedElement } from '../../kernel/nft-table-listing.ts'
import { baseRules, shapeRules, tableName } from './base-rules.ts'
import { classid, dropCode, stickyCode } from './code.ts'
import type { Element } from './compile.ts'
import type { Change } from './diff.ts'
import type { ClusterRange } from './family.ts'
import { chainOf, isDispatch, setsOf, type Shape } from './shape.ts'

/** How many elements one transaction may change: nft needs about 2 kB of memory for each. */
export const transactionSize = 10_000

/**
 * Replaces whatever table of our name there is by one with these elements. One transaction, so that no packet meets
 * half of it; connections that are under way keep the translation that they have.
 */
export function reloadOperations(ranges: readonly ClusterRange[], elements: readonly Element[]): NftOperation[] {
  return [
    { op: 'load', text: `table inet ${tableName} {\n}` }, // deleting one that is not there would fail
    { op: 'delete-table', table: tableName },
    ...baseOperations(ranges),
    ...shapeOperations(shapesOf(elements)),
    ...additions(elements),
  ]
}

/** Makes the table, without any Service. */
export function baseOperations(ranges: readonly ClusterRange[]): NftOperation[] {
  return [{ op: 'load', text: baseRules(ranges) }, ...additions(baseElements(ranges))]
}

/** What is in the table from its start. */
export function baseElements(ranges: readonly ClusterRange[]): Element[] {
  return ranges.map(({ family }) => ({ set: setsOf(family).picks, key: dropCode, value: 'drop' }))
}

/** What is in the table as long as the chains of shapes are. */
export function shapeElements(shapes: readonly Shape[]): Element[] {
  return shapes.map((shape) => {
    const { family, endpoints, affinity } = shape
    const { picks, stickies } = setsOf(family)
    const key = affinity === undefined ? classid(endpoints) : stickyCode(endpoints, affinity)
    return { set: affinity === undefined ? picks : stickies, key, value: `goto ${chainOf(shape)}` }
  })
}

/**
 * Makes new shapes, then changes elements. Usually one transaction. Many changes are taken in several, in an order in
 * which none leads a packet to what is not there yet, or not any more.
 */
export function changeTransactions(changes: readonly Change[], newShapes: readonly Shape[]): NftOperation[][] {
  const shapes = shapeOperations(newShapes)
  if (changes.length <= transactionSize) return [[...shapes, ...changeOperations(tableName, changes)]]
  const [dispatch, lookups] = partition(changes, ({ before, after }) => isDispatch((before ?? after)?.set ?? ''))
  const [gone, come] = partition(lookups, ({ after }) => after === undefined)
  return [shapes, ...[come, dispatch, gone].flatMap(inPieces).map((piece) => changeOperations(tableName, piece))]
}

/**
 * Takes the clients that rules remember along into a table that replaces another, each with what is left of its time.
 * That becomes the timeout itself: `update` starts the time anew and leaves the element's own timeout as it was, and
 * the kernel refuses an element that is to expire later than after its timeout.
 */
export function affinityOperations(
  ranges: readonly ClusterRange[],
  remembered: ReadonlyMap<string, readonly TimedElement[]>,
): NftOperation[] {
  return ranges.map(({ family }) => {
    const set = setsOf(family).affinity
    const elements = (remembered.get(set) ?? [])
      .filter(({ expires = '0s' }) => expires !== '0s') // a timeout of zero would be none
      .map(({ key, expires, value = '' }) => ({ key: `${key} timeout ${expires}`, value }))
    return { op: 'add-elements', table: tableName, set, elements }
  })
}

/** The shapes that elements need, each once, but for those whose chains are there. */
export function shapesOf(elements: readonly Element[], chains: ReadonlySet<string> = new Set()): Shape[] {
  const shapes = new Map<string, Shape>()
  let last: Shape | undefined
  for (const { shape } of elements) {
    if (shape === undefined || shape === last) continue // there are many with the same, one after the other
    last = shape
    const chain = chainOf(shape)
    if (!chains.has(chain)) shapes.set(chain, shape)
  }
  return [...shapes.values()]
}

/** What there will be. */
export function addedBy(changes: readonly Change[]): Element[] {
  return changes.map(({ after }) => after).filter((element) => element !== undefined)
}

function shapeOperations(shapes: readonly Shape[]): NftOperation[] {
  return [
    ...shapes.map((shape): NftOperation => ({ op: 'load', text: shapeRules(shape) })),
    ...additions(shapeElements(shapes)),
  ]
}

function additions(elements: readonly Element[]): NftOperation[] {
  return elementOperations('add-elements', tableName, elements)
}

function inPieces(changes: readonly Change[]): Change[][] {
  const pieces: Change[][] = []
  for (let at = 0; at < changes.length; at += transactionSize) pieces.push(changes.slice(at, at + transactionSize))
  return pieces
}

function partition<T>(values: readonly T[], belongs: (value: T) => boolean): [T[], T[]] {
  return [values.filter((value) => belongs(value)), values.filter((value) => !belongs(value))]
}
