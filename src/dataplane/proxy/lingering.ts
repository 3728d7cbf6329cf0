import type { Element } from './compile.ts'
import type { Change } from './diff.ts'
import { isSecondLookup } from './shape.ts'

interface Lingerer {
  readonly element: Element
  isOld: boolean
}

/**
 * Elements that nothing leads to any more, but that the kernel still has. A new connection makes two lookups: how many
 * endpoints, then which. If a transaction that takes the second one's elements away falls between them, the packet
 * finds nothing and is refused. So they are left in place, and removed by a later transaction.
 */
export class Lingering {
  readonly #elements = new Map<string, Lingerer>()

  get isEmpty(): boolean {
    return this.#elements.size === 0
  }

  /** The changes that are to be made now: without removals that can wait, and with what waits and is in the way. */
  withhold(changes: readonly Change[]): Change[] {
    return changes.flatMap((change): Change[] => {
      const { before, after } = change
      if (after === undefined) return before === undefined || this.#keep(before) ? [] : [change]
      const held = before ?? this.#release(after)
      return held !== undefined && held.value === after.value ? [] : [{ before: held, after }]
    })
  }

  /** Removals of what was already there at the last call: so each element stays for at least the time between two. */
  take(): Change[] {
    const old = [...this.#elements].filter(([, { isOld }]) => isOld)
    for (const [name] of old) this.#elements.delete(name)
    for (const lingerer of this.#elements.values()) lingerer.isOld = true
    return old.map(([, { element }]) => ({ before: element, after: undefined }))
  }

  clear(): void {
    this.#elements.clear()
  }

  #keep(element: Element): boolean {
    if (!isSecondLookup(element.set)) return false
    this.#elements.set(nameOf(element), { element, isOld: false })
    return true
  }

  #release(element: Element): Element | undefined {
    if (this.isEmpty) return undefined
    const name = nameOf(element)
    const held = this.#elements.get(name)
    this.#elements.delete(name)
    return held?.element
  }
}

function nameOf({ set, key }: Element): string {
  return `${set} ${key}`
}
