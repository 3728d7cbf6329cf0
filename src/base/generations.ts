/**
 * A map that forgets what has not been asked for in a while: it has two generations, and drops the older one whenever the
 * younger one is full. Costs hardly more than a map, unlike keeping all entries in the order of their use.
 */
export class Generations<V> {
  readonly #bounds: GenerationBounds
  #young = new Map<string, Weighed<V>>()
  #old = new Map<string, Weighed<V>>()
  #weight = 0

  constructor(bounds: GenerationBounds) {
    this.#bounds = bounds
  }

  /** Entries held. */
  get size(): number {
    return this.#young.size + this.#old.size
  }

  get(key: string): V | undefined {
    const young = this.#young.get(key)
    if (young !== undefined) return young.value
    const old = this.#old.get(key)
    if (old === undefined) return undefined
    this.#old.delete(key)
    this.#put(key, old)
    return old.value
  }

  set(key: string, value: V, weight: number): void {
    this.delete(key)
    this.#put(key, { value, weight })
  }

  delete(key: string): void {
    this.#old.delete(key)
    this.#weight -= this.#young.get(key)?.weight ?? 0
    this.#young.delete(key)
  }

  #put(key: string, entry: Weighed<V>): void {
    const { entries, weight } = this.#bounds
    if (this.#young.size >= entries || this.#weight + entry.weight > weight) {
      this.#old = this.#young
      this.#young = new Map()
      this.#weight = 0
    }
    this.#young.set(key, entry)
    this.#weight += entry.weight
  }
}

/** Of one generation: the most that is held is twice as much. */
export interface GenerationBounds {
  readonly entries: number
  /** In the unit of `set`, such as octets. */
  readonly weight: number
}

interface Weighed<V> {
  readonly value: V
  readonly weight: number
}
