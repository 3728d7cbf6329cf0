import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { NaiveStore } from '../naive-store.ts'
import type { Store, StoreEvent } from '../store.ts'
import { openScratchStore } from './scratch.ts'

const pods = '/registry/pods/'
const key = fc.constantFrom(`${pods}a/x`, `${pods}a/y`, `${pods}b/x`, '/registry/services/a/x', '/z')
const prefix = fc.constantFrom('/', '/registry/', '/registry/p', pods, `${pods}a/`, `${pods}a/x`)
const limit = fc.integer({ min: 1, max: 4 })

/** Writes name the version they expect by how far it lies from the present one: mostly 0, which succeeds. */
const write = fc.record({
  type: fc.constantFrom('create' as const, 'update' as const, 'delete' as const),
  key,
  off: fc.constantFrom(0, 0, 0, 1),
})

/** Revisions are given as a fraction of the present one, a little beyond the end included. */
const fraction = fc.double({ min: 0, max: 1.1, noNaN: true })

const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ writes: fc.array(write, { minLength: 1, maxLength: 6 }) }) },
  { weight: 2, arbitrary: fc.record({ watch: prefix, after: fraction }) },
  { weight: 3, arbitrary: fc.record({ list: prefix, revision: fraction, limit, after: fc.option(key) }) },
  { weight: 1, arbitrary: fc.record({ compact: fraction }) },
  { weight: 1, arbitrary: fc.record({ reopen: fc.constant(true) }) },
)

type Step = typeof step extends fc.Arbitrary<infer T> ? T : never

/** What one run of the steps shows to a caller. */
class Observer {
  readonly seen: unknown[] = []
  readonly #reopen: () => Promise<Store>
  #store: Store
  #written = 0
  #ending = new AbortController()
  #told: StoreEvent[][] = []

  constructor(store: Store, reopen: () => Promise<Store>) {
    this.#store = store
    this.#reopen = reopen
  }

  async take(step: Step): Promise<void> {
    const store = this.#store
    if ('writes' in step) await this.#write(step.writes)
    else if ('watch' in step) await this.#note(async () => this.#watch(step.watch, this.#revision(step.after)))
    else if ('list' in step) {
      const { list, limit, after } = step
      const revision = this.#revision(step.revision)
      await this.#note(() => store.list(list, { revision, limit, ...(after === null ? {} : { after }) }))
    } else if ('compact' in step) await this.#note(() => store.compact(this.#revision(step.compact)))
    else await this.#restart()
    this.seen.push([this.#store.revision, this.#store.compactedRevision, await this.#store.list('/')])
  }

  /** Everything that was seen, with what the watches were told. */
  async end(): Promise<unknown[]> {
    this.#ending.abort()
    await this.#store.close()
    return [...this.seen, this.#told]
  }

  async #write(writes: Extract<Step, { writes: unknown }>['writes']): Promise<void> {
    const present = await Promise.all(writes.map(({ key }) => this.#store.get(key)))
    const outcomes = writes.map(({ type, key, off }, index) => {
      const expected = (present[index]?.modRevision ?? 0) - off
      const value = `value ${(this.#written += 1)}`
      if (type === 'create') return this.#store.create(key, value)
      return type === 'update' ? this.#store.update(key, value, expected) : this.#store.delete(key, expected)
    })
    this.seen.push((await Promise.allSettled(outcomes)).map(plain))
  }

  #watch(prefix: string, after: number): void {
    const told: StoreEvent[] = []
    this.#store.watch(prefix, after, (events) => told.push(...events), this.#ending.signal)
    this.#told.push(told)
  }

  async #restart(): Promise<void> {
    this.#ending.abort()
    this.#ending = new AbortController()
    this.#store = await this.#reopen()
  }

  async #note(run: () => Promise<unknown>): Promise<void> {
    const [outcome] = await Promise.allSettled([run()])
    this.seen.push(plain(outcome))
  }

  #revision(part: number): number {
    return Math.floor(this.#store.revision * part)
  }
}

/** Errors by name, for the wording of a `RangeError` is each store's own. */
function plain(outcome: PromiseSettledResult<unknown>): unknown {
  return outcome.status === 'fulfilled' ? outcome.value : (outcome.reason as Error).name
}

test('behaves as the naive store does, whatever is done to it', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
      const naive = new NaiveStore()
      const opened = await openScratchStore()
      try {
        const expected = new Observer(naive, async () => (naive.reopen(), naive))
        const actual = new Observer(opened.store, () => opened.reopen())
        for (const taken of steps) {
          await expected.take(taken)
          await actual.take(taken)
        }
        expect(await actual.end()).toEqual(await expected.end())
      } finally {
        await opened.dispose()
      }
    }),
    { numRuns: 150 },
  )
})
