import type { Element } from './compile.ts'
import type { Change } from './diff.ts'

/**
 * The elements of all owners together. Different owners may claim the same key, as two Services with the same endpoint
 * do, and as two that dispute an address; the first by name decides its value. Remembers what changed since the last
 * `take`, so that any number of changes become one.
 */
export class Claims {
  readonly #keys = new Map<string, Map<string, ClaimedKey>>()
  /** What each key that was touched since the last `take` was then; kept from the first `take` on: before it was nothing. */
  #before: Map<string, Map<string, Element | undefined>> | undefined

  /** Takes in what changed for one owner: the difference between what it claimed until now and claims from now on. */
  change(owner: string, changes: readonly Change[]): void {
    for (const { before, after } of changes) {
      if (after !== undefined) this.#claim(owner, after)
      else if (before !== undefined) this.#release(owner, before)
    }
  }

  /** The change, in all, since the last call. */
  take(): Change[] {
    const touched = this.#before
    this.#before = new Map()
    if (touched === undefined) return this.all().map((after) => ({ before: undefined, after }))
    const changes: Change[] = []
    for (const [set, keys] of touched) {
      for (const [key, before] of keys) {
        const after = this.#keys.get(set)?.get(key)?.element
        const isSame = before?.value === after?.value && (before === undefined) === (after === undefined)
        if (!isSame) changes.push({ before, after })
      }
    }
    return changes
  }

  all(): Element[] {
    return [...this.#keys.values()].flatMap((keys) => [...keys.values()].map(({ element }) => element))
  }

  #claim(owner: string, element: Element): void {
    this.#touch(element.set, element.key)
    const keys = entry(this.#keys, element.set)
    const claimed = keys.get(element.key)
    if (claimed === undefined) keys.set(element.key, new ClaimedKey(owner, element))
    else claimed.claim(owner, element)
  }

  #release(owner: string, { set, key }: Element): void {
    this.#touch(set, key)
    const claimed = this.#keys.get(set)?.get(key)
    if (claimed?.release(owner) === 'unclaimed') this.#keys.get(set)?.delete(key)
  }

  #touch(set: string, key: string): void {
    if (this.#before === undefined) return
    const before = entry(this.#before, set)
    if (!before.has(key)) before.set(key, this.#keys.get(set)?.get(key)?.element)
  }
}

/** One key: who decides its value, and who else claims it. Most keys have one owner and no room for more. */
class ClaimedKey {
  #owner: string
  #element: Element
  #others: Map<string, Element> | undefined

  constructor(owner: string, element: Element) {
    this.#owner = owner
    this.#element = element
  }

  get element(): Element {
    return this.#element
  }

  claim(owner: string, element: Element): void {
    if (owner === this.#owner) {
      this.#element = element
      return
    }
    this.#others ??= new Map()
    if (owner > this.#owner) {
      this.#others.set(owner, element)
      return
    }
    this.#others.set(this.#owner, this.#element)
    this.#decidedBy(owner, element)
  }

  release(owner: string): 'claimed' | 'unclaimed' {
    if (owner !== this.#owner) {
      this.#others?.delete(owner)
      return 'claimed'
    }
    const heir = [...(this.#others ?? [])].reduce<[string, Element] | undefined>(firstByName, undefined)
    if (heir === undefined) return 'unclaimed'
    this.#others?.delete(heir[0])
    this.#decidedBy(...heir)
    return 'claimed'
  }

  #decidedBy(owner: string, element: Element): void {
    this.#owner = owner
    this.#element = element
    this.#others?.delete(owner)
  }
}

function firstByName(first: [string, Element] | undefined, next: [string, Element]): [string, Element] {
  return first === undefined || next[0] < first[0] ? next : first
}

function entry<T>(maps: Map<string, Map<string, T>>, name: string): Map<string, T> {
  const found = maps.get(name)
  if (found !== undefined) return found
  const made = new Map<string, T>()
  maps.set(name, made)
  return made
}
