import type { Entry } from './store.ts'

/** Beyond this a chunk is split in two; small enough to insert into cheaply, large enough to slice quickly. */
const maxChunk = 512

export interface Range {
  readonly entries: Entry[]
  /** How many further entries of the prefix follow. */
  readonly remaining: number
}

/**
 * Entries in key order (by UTF-16 code units): sorted chunks in a sorted list. An insert moves at most one chunk's
 * worth of references, and reading a prefix copies whole slices.
 */
export class SortedEntries {
  readonly #byKey = new Map<string, Entry>()
  /** Never empty arrays, except for the only one of an empty collection. */
  #chunks: Entry[][] = [[]]

  constructor(entries: Iterable<Entry> = []) {
    const sorted = sortByKey([...entries])
    for (const entry of sorted) this.#byKey.set(entry.key, entry)
    if (sorted.length === 0) return
    this.#chunks = []
    for (let at = 0; at < sorted.length; at += maxChunk / 2) this.#chunks.push(sorted.slice(at, at + maxChunk / 2))
  }

  get size(): number {
    return this.#byKey.size
  }

  get(key: string): Entry | undefined {
    return this.#byKey.get(key)
  }

  set(entry: Entry): void {
    const replaces = this.#byKey.has(entry.key)
    this.#byKey.set(entry.key, entry)
    const { chunk, index } = this.#find(({ key }) => key >= entry.key)
    const entries = this.#chunk(chunk)
    entries.splice(index, replaces ? 1 : 0, entry)
    if (entries.length > maxChunk) this.#chunks.splice(chunk + 1, 0, entries.splice(maxChunk / 2))
  }

  delete(key: string): void {
    if (!this.#byKey.delete(key)) return
    const { chunk, index } = this.#find((entry) => entry.key >= key)
    const entries = this.#chunk(chunk)
    entries.splice(index, 1)
    if (entries.length === 0 && this.#chunks.length > 1) this.#chunks.splice(chunk, 1)
  }

  /** Entries of a prefix, from the first key after `after`, at most `limit`. */
  range(prefix: string, { after = '', limit = Infinity }: { after?: string; limit?: number } = {}): Range {
    const start = this.#find(({ key }) => key >= prefix && key > after)
    const end = this.#find(({ key }) => key > after && key >= prefix && !key.startsWith(prefix))
    const entries: Entry[] = []
    let total = 0
    for (let chunk = start.chunk; chunk <= end.chunk; chunk += 1) {
      const from = chunk === start.chunk ? start.index : 0
      const to = chunk === end.chunk ? end.index : this.#chunk(chunk).length
      const wanted = Math.max(0, Math.min(to - from, limit - entries.length))
      if (wanted > 0) for (const entry of this.#chunk(chunk).slice(from, from + wanted)) entries.push(entry)
      total += Math.max(0, to - from)
    }
    return { entries, remaining: total - entries.length }
  }

  /** Where the first entry is that satisfies a condition which all later ones satisfy too; else the end. */
  #find(condition: (entry: Entry) => boolean): { chunk: number; index: number } {
    const last = this.#chunks.length - 1
    const chunk = firstIndex(last, (at) => {
      const end = this.#chunk(at).at(-1)
      return end !== undefined && condition(end)
    })
    const entries = this.#chunk(chunk)
    const index = firstIndex(entries.length, (at) => {
      const entry = entries[at]
      return entry !== undefined && condition(entry)
    })
    return { chunk, index }
  }

  #chunk(index: number): Entry[] {
    const chunk = this.#chunks[index]
    if (chunk === undefined) throw new RangeError(`no chunk ${index}`)
    return chunk
  }
}

/** Sorts in place. */
export function sortByKey(entries: Entry[]): Entry[] {
  return entries.sort((a, b) => (a.key < b.key ? -1 : 1))
}

/** The first of 0 … end-1 that satisfies a monotonic condition; `end` if none does. */
function firstIndex(end: number, condition: (index: number) => boolean): number {
  let low = 0
  let high = end
  while (low < high) {
    const middle = (low + high) >>> 1
    if (condition(middle)) high = middle
    else low = middle + 1
  }
  return low
}
