/** Values by key. Most keys have one value, which is kept without a set around it. */
export class ValueIndex<K, V extends string> {
  readonly #values = new Map<K, V | Set<V>>()

  get(key: K): readonly V[] {
    const held = this.#values.get(key)
    if (held === undefined) return []
    return typeof held === 'string' ? [held] : [...held]
  }

  add(key: K, value: V): void {
    const held = this.#values.get(key)
    if (held === undefined) this.#values.set(key, value)
    else if (typeof held !== 'string') held.add(value)
    else if (held !== value) this.#values.set(key, new Set([held, value]))
  }

  remove(key: K, value: V): void {
    const held = this.#values.get(key)
    if (held === value) this.#values.delete(key)
    else if (typeof held === 'object' && held.delete(value) && held.size === 0) this.#values.delete(key)
  }
}

/** How often each key is there. */
export class Tally<K> {
  readonly #counts = new Map<K, number>()

  has(key: K): boolean {
    return this.#counts.has(key)
  }

  add(key: K): void {
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1)
  }

  remove(key: K): void {
    const count = (this.#counts.get(key) ?? 0) - 1
    if (count > 0) this.#counts.set(key, count)
    else this.#counts.delete(key)
  }
}
