import { maxPools, poolIn } from './code.ts'

/** A list of endpoints that connections are spread over. It never changes: other endpoints are another pool. */
export interface Pool {
  readonly number: number
  /** Its endpoints. */
  readonly content: string
  /** How many frontends lead to it. */
  users: number
}

/**
 * Gives pools the numbers by which frontends lead to them. A packet may come with a number that it found before a
 * transaction, so a number that nothing leads to any more is only given to other endpoints when such packets have
 * passed. Meanwhile a pool may come back.
 */
export class Pools {
  readonly #pools = new Map<string, Pool>()
  /** Without users, since the last call of `packetsHavePassed`, and since an earlier one. */
  #left = new Set<Pool>()
  #leftBefore = new Set<Pool>()
  readonly #free: number[] = []
  /** The least number that was never used. */
  #next = 1

  /** The pool with these endpoints has one more user. Undefined if there are as many pools as there can be. */
  enter(content: string): Pool | undefined {
    const pool = this.#pools.get(content) ?? this.#create(content)
    if (pool === undefined) return undefined
    if (pool.users === 0) {
      this.#left.delete(pool)
      this.#leftBefore.delete(pool)
    }
    pool.users += 1
    return pool
  }

  leave(pool: Pool): void {
    pool.users -= 1
    if (pool.users === 0) this.#left.add(pool)
  }

  /** To be called when the elements of pools that had no user at the last call are gone from the kernel. */
  packetsHavePassed(): void {
    for (const { content, number } of this.#leftBefore) {
      this.#pools.delete(content)
      this.#free.push(number)
    }
    this.#leftBefore = this.#left
    this.#left = new Set()
  }

  /**
   * Takes over the numbers of an earlier life, from the maps of endpoints in its table: pools with the same endpoints
   * keep theirs. To be called first.
   */
  adopt(slots: readonly ReadonlyMap<string, string | undefined>[]): void {
    const found = new Map<number, string[]>()
    for (const [key, endpoint = ''] of slots.flatMap((map) => [...map])) {
      const [code = '', index = ''] = key.split(' . ')
      const number = poolIn(code)
      const endpoints = found.get(number) ?? []
      endpoints[Number(index)] = endpoint
      found.set(number, endpoints)
    }
    for (const [number, endpoints] of found) this.#adopt(number, contentOf(endpoints))
    const last = [...found.keys()].reduce((most, number) => Math.max(most, number), 0)
    for (let number = last; number > 0; number -= 1) if (!found.has(number)) this.#free.push(number)
    this.#next = last + 1
  }

  #adopt(number: number, content: string): void {
    const name = this.#pools.has(content) ? `${content} (${number})` : content
    const pool = { number, content: name, users: 0 }
    this.#pools.set(name, pool)
    this.#left.add(pool)
  }

  #create(content: string): Pool | undefined {
    const number = this.#free.pop() ?? this.#next
    if (number >= maxPools) return undefined
    if (number === this.#next) this.#next += 1
    const pool = { number, content, users: 0 }
    this.#pools.set(content, pool)
    return pool
  }
}

/** What makes a pool the same as another: its endpoints, `address . port`, in their order. */
export function contentOf(endpoints: readonly string[]): string {
  return endpoints.join()
}

export function endpointsIn(content: string): string[] {
  return content.split(',')
}
