import { isJsonObject, ownValue } from '../patch/json-object.ts'
import { keyElement, valueElement, type PathElement } from './path-element.ts'
import type { ListType } from './structural-type.ts'

/** An item that cannot stand in its list, since nothing tells which one it is. The message is upstream's. */
export class UnkeyedItem extends Error {
  override readonly name = 'UnkeyedItem'
}

/** Which item of a map list or set this is. Throws `UnkeyedItem`. */
export function itemElement(item: unknown, { keys }: ListType): PathElement {
  return keys === undefined ? setElement(item) : keyedElement(item, keys)
}

/** The items of a list by their elements, in the list's order; those that share an element together. */
export function itemsByElement(list: readonly unknown[], type: ListType): Map<PathElement, unknown[]> {
  const items = new Map<PathElement, unknown[]>()
  for (const item of list) {
    const element = itemElement(item, type)
    const known = items.get(element)
    if (known === undefined) items.set(element, [item])
    else known.push(item)
  }
  return items
}

function setElement(item: unknown): PathElement {
  if (item === null || item === undefined) {
    throw new UnkeyedItem("associative list without keys has an element that's an explicit null")
  }
  if (Array.isArray(item)) throw new UnkeyedItem('not supported: associative list with lists as elements')
  if (typeof item === 'object') throw new UnkeyedItem("associative list without keys has an element that's a map type")
  return valueElement(item)
}

function keyedElement(item: unknown, keys: NonNullable<ListType['keys']>): PathElement {
  if (item === null || item === undefined) {
    throw new UnkeyedItem('associative list with keys may not have a null element')
  }
  if (!isJsonObject(item)) throw new UnkeyedItem('associative list with keys may not have non-map elements')
  const found = keys
    .map(({ name, default: standIn }) => [name, ownValue(item, name) ?? standIn] as const)
    .filter(([, value]) => value !== undefined)
  if (found.length > 0) return keyElement(found.sort(([a], [b]) => (a < b ? -1 : 1)))
  const names = keys.map(({ name }) => JSON.stringify(name)).join(' ')
  throw new UnkeyedItem(
    `associative list with keys has an element that omits all key fields [${names}] ` +
      "(and doesn't have default values for any key fields)",
  )
}
