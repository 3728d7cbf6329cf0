import type { NftOperation } from '../../kernel/nft.ts'
import { baseRules, shapeRules, tableName } from './base-rules.ts'
import type { Element } from './compile.ts'
import type { Change } from './diff.ts'
import type { AddressFamily } from './family.ts'
import { chainOf, type Shape } from './shape.ts'

/**
 * Replaces whatever table of our name there is by one with these elements. One transaction, so that no packet meets
 * half of it; connections that are under way keep the translation that they have.
 */
export function reloadOperations(families: readonly AddressFamily[], elements: readonly Element[]): NftOperation[] {
  return [
    { op: 'load', text: `table inet ${tableName} {\n}` }, // deleting one that is not there would fail
    { op: 'delete-table', table: tableName },
    { op: 'load', text: baseRules(families) },
    ...shapesOf(elements).map(loadShape),
    ...bySet('add-elements', elements),
  ]
}

/** Makes the shapes that are not there yet, then changes elements: deletions first, because keys may come back. */
export function changeOperations({ removed, added }: Change, loaded: ReadonlySet<string>): NftOperation[] {
  const shapes = shapesOf(added).filter((shape) => !loaded.has(chainOf(shape)))
  return [...shapes.map(loadShape), ...bySet('delete-elements', removed), ...bySet('add-elements', added)]
}

/** The shapes that elements need, each once. */
export function shapesOf(elements: readonly Element[]): Shape[] {
  const shapes = new Set(elements.map(({ shape }) => shape).filter((shape) => shape !== undefined))
  return [...new Map([...shapes].map((shape) => [chainOf(shape), shape])).values()]
}

function loadShape(shape: Shape): NftOperation {
  return { op: 'load', text: shapeRules(shape) }
}

function bySet(op: 'add-elements' | 'delete-elements', elements: readonly Element[]): NftOperation[] {
  const sets = Map.groupBy(elements, ({ set }) => set)
  return [...sets].map(([set, ofSet]) => ({ op, table: tableName, set, elements: ofSet }))
}
