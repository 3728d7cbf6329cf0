import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { Compacted, KeyExists, Stale, type Entry, type Store, type StoreEvent } from './store.ts'

export interface OpenedStore {
  readonly store: Store
  /** Closes the store and opens what it left behind. */
  reopen(): Promise<Store>
  /** Removes everything; the store may be open or closed. */
  dispose(): Promise<void>
}

const pods = '/registry/pods/'
const web = '/registry/pods/default/web'

/** The suite that every implementation of `Store` passes. `open` gives an empty store each time. */
export function storeContract(name: string, open: () => Promise<OpenedStore>): void {
  describe(`${name}`, () => {
    let opened: OpenedStore
    let store: Store
    let ending: AbortController

    beforeEach(async () => {
      opened = await open()
      store = opened.store
      ending = new AbortController()
    })

    afterEach(async () => {
      ending.abort()
      await opened.dispose()
    })

    /** Everything that a watch was told, as `+key=value`, `~key=value`, `-key`, with the revision. */
    function watch(prefix: string, after = store.revision, signal = ending.signal): string[] {
      const told: string[] = []
      store.watch(prefix, after, (events) => told.push(...events.map(describeEvent)), signal)
      return told
    }

    async function keys(prefix: string, options: Parameters<Store['list']>[1] = {}): Promise<string[]> {
      return (await store.list(prefix, options)).entries.map(({ key }) => key)
    }

    async function fill(...names: string[]): Promise<void> {
      for (const key of names) await store.create(`${pods}${key}`, key)
    }

    describe('writes', () => {
      test('take consecutive revisions from 1', async () => {
        expect([store.revision, store.compactedRevision]).toEqual([0, 0])
        const created = await store.create(web, 'one')
        expect(created).toEqual({ key: web, value: 'one', createRevision: 1, modRevision: 1 })
        const updated = await store.update(web, 'two', 1)
        expect(updated).toEqual({ key: web, value: 'two', createRevision: 1, modRevision: 2 })
        expect(await store.delete(web, 2)).toEqual({ previous: updated, revision: 3 })
        const again = await store.create(web, 'three')
        expect(again).toEqual({ key: web, value: 'three', createRevision: 4, modRevision: 4 })
        expect(store.revision).toBe(4)
      })

      test('of a key that exists are refused', async () => {
        await store.create(web, 'one')
        await expect(store.create(web, 'two')).rejects.toThrow(new KeyExists(web))
        expect([store.revision, (await store.get(web))?.value]).toEqual([1, 'one'])
      })

      test('from an old revision are refused with what is there', async () => {
        await store.create(web, 'one')
        const current = await store.update(web, 'two', 1)
        for (const stale of [() => store.update(web, 'x', 1), () => store.delete(web, 1)]) {
          await expect(stale()).rejects.toMatchObject({ name: 'Stale', key: web, current })
        }
        expect(store.revision).toBe(2)
      })

      test('of a key that is gone are refused', async () => {
        await store.create(web, 'one')
        await store.delete(web, 1)
        await expect(store.update(web, 'x', 1)).rejects.toBeInstanceOf(Stale)
        await expect(store.delete(web, 2)).rejects.toBeInstanceOf(Stale)
        await expect(store.delete('/never/was', 0)).rejects.toBeInstanceOf(Stale)
      })

      test('at once are judged one after the other, in the order of the calls', async () => {
        const outcomes = await Promise.allSettled([
          store.create(web, 'one'),
          store.create(web, 'two'),
          store.update(web, 'three', 1),
          store.update(web, 'four', 1),
          store.delete(web, 2),
          store.create(web, 'five'),
          store.create(`${pods}default/other`, 'six'),
        ])
        const refused = outcomes.flatMap(({ status }, index) => (status === 'rejected' ? [index] : []))
        expect(refused).toEqual([1, 3])
        expect(await store.get(web)).toEqual({ key: web, value: 'five', createRevision: 4, modRevision: 4 })
        expect(store.revision).toBe(5)
      })

      test('resolve in order, each when it can be read', async () => {
        const order: number[] = []
        await Promise.all(
          Array.from({ length: 50 }, async (_, index) => {
            const { key, modRevision } = await store.create(`${pods}pod-${index}`, '')
            expect((await store.get(key))?.modRevision).toBe(modRevision)
            order.push(modRevision)
          }),
        )
        expect(order).toEqual(Array.from({ length: 50 }, (_, index) => index + 1))
      })

      test('keep values as they are', async () => {
        for (const value of ['', 'é 漢字 🙂', `quote ' " \\ \n`, 'x'.repeat(1_500_000)]) {
          const { key } = await store.create(`${pods}${value.length}`, value)
          store = await opened.reopen()
          expect((await store.get(key))?.value).toBe(value)
        }
      })
    })

    describe('list', () => {
      test('gives the prefix in key order', async () => {
        await fill('b/2', 'a/1', 'b/10', 'c', 'b/1')
        await store.create('/registry/podsets/x', '')
        expect(await keys(`${pods}b/`)).toEqual(['b/1', 'b/10', 'b/2'].map((key) => pods + key))
        expect(await keys(pods)).toHaveLength(5)
        expect(await keys('/')).toHaveLength(6)
        expect(await keys('/registry/services/')).toEqual([])
      })

      test('gives pages that add up', async () => {
        await fill('a', 'b', 'c', 'd', 'e')
        const first = await store.list(pods, { limit: 2 })
        expect([first.entries.length, first.remaining, first.revision]).toEqual([2, 3, 5])
        const second = await store.list(pods, { limit: 2, after: `${pods}b` })
        expect([second.entries.map(({ value }) => value), second.remaining]).toEqual([['c', 'd'], 1])
        const last = await store.list(pods, { limit: 2, after: `${pods}d` })
        expect([last.entries.map(({ value }) => value), last.remaining]).toEqual([['e'], 0])
      })

      test('reads at an older revision', async () => {
        await fill('a', 'b', 'c')
        await store.update(`${pods}a`, 'changed', 1)
        await store.delete(`${pods}b`, 2)
        await store.create(`${pods}d`, 'd')
        await store.create(`${pods}b`, 'again')
        const values = async (options: object) => (await store.list(pods, options)).entries.map(({ value }) => value)
        expect(await values({ revision: 3 })).toEqual(['a', 'b', 'c'])
        expect(await values({ revision: 5 })).toEqual(['changed', 'c'])
        expect(await values({})).toEqual(['changed', 'again', 'c', 'd'])
        expect(await values({ revision: 0 })).toEqual([])
        const page = await store.list(pods, { revision: 3, after: `${pods}a`, limit: 1 })
        expect([page.entries[0]?.value, page.remaining, page.revision]).toEqual(['b', 1, 3])
        expect((await store.list(`${pods}c`, { revision: 3 })).entries).toEqual((await store.list(`${pods}c`)).entries)
      })

      test('refuses a revision that is compacted or yet to come', async () => {
        await fill('a', 'b', 'c')
        await store.compact(2)
        await expect(store.list(pods, { revision: 1 })).rejects.toThrow(new Compacted(1, 2))
        await expect(store.list(pods, { revision: 4 })).rejects.toBeInstanceOf(RangeError)
        expect(await keys(pods, { revision: 2 })).toHaveLength(2)
      })

      test('shares entries with get, watch and write', async () => {
        let told: StoreEvent | undefined
        store.watch(pods, 0, ([event]) => (told = event), ending.signal)
        const created = await store.create(web, 'one')
        const resumed: StoreEvent[] = []
        store.watch(pods, 0, (events) => resumed.push(...events), ending.signal)
        await expect.poll(() => resumed.length).toBe(1)
        const seen: (Entry | undefined)[] = [await store.get(web), (await store.list(pods)).entries[0]]
        for (const event of [told, ...resumed]) seen.push(event?.type === 'put' ? event.entry : undefined)
        for (const entry of seen) expect(entry).toBe(created)
      })
    })

    describe('watch', () => {
      test('tells of every change under the prefix, in order, once', async () => {
        const told = watch(`${pods}default/`)
        await Promise.all([store.create(web, 'one'), fill('default-not/x'), store.create(`${pods}default/b`, 'b')])
        await store.update(web, 'two', 1)
        await store.delete(web, 4)
        await expect.poll(() => told).toEqual([`1+${web}=one`, `3+${pods}default/b=b`, `4~${web}=two`, `5-${web}`])
      })

      test('knows what was there before', async () => {
        const events: StoreEvent[] = []
        store.watch(pods, 0, (some) => events.push(...some), ending.signal)
        const first = await store.create(web, 'one')
        const second = await store.update(web, 'two', 1)
        await store.delete(web, 2)
        await expect.poll(() => events.map(({ previous }) => previous)).toEqual([undefined, first, second])
      })

      for (const prefix of ['/', '/registry/', '/registry/po', pods, `${pods}default/`, web]) {
        test(`takes any prefix: ${prefix}`, async () => {
          const told = watch(prefix)
          await store.create(web, 'one')
          await store.create('/other/things/x', 'x')
          await store.create('/single', 's')
          await store.delete(web, 1)
          const expected = prefix === '/' ? 4 : 2
          await expect.poll(() => told.length).toBe(expected)
          expect(told.filter((event) => event.includes(web))).toEqual([`1+${web}=one`, `4-${web}`])
        })
      }

      test('resumes from a revision without gap or repetition', async () => {
        await fill('a', 'b', 'c')
        await store.update(`${pods}b`, 'two', 2)
        const told = watch(pods, 2)
        await fill('d')
        await expect.poll(() => told).toEqual([`3+${pods}c=c`, `4~${pods}b=two`, `5+${pods}d=d`])
      })

      test('refuses a revision that is compacted or yet to come', async () => {
        await fill('a', 'b', 'c')
        await store.compact(2)
        expect(() => watch(pods, 1)).toThrow(new Compacted(1, 2))
        expect(() => watch(pods, 4)).toThrow(RangeError)
        const told = watch(pods, 2)
        await expect.poll(() => told).toEqual([`3+${pods}c=c`])
      })

      test('says nothing after the signal', async () => {
        const stopping = new AbortController()
        const stopped = watch(pods, 0, stopping.signal)
        const other = watch(pods)
        await fill('a')
        await expect.poll(() => other.length).toBe(1)
        stopping.abort()
        const never = watch(pods, 0, stopping.signal)
        await fill('b')
        await expect.poll(() => other.length).toBe(2)
        expect([stopped.length, never.length]).toEqual([1, 0])
      })

      test('tells only of what can be read', async () => {
        const seen: boolean[] = []
        const reads: Promise<void>[] = []
        const read = async (event: StoreEvent) => {
          const entry = await store.get(event.type === 'put' ? event.entry.key : event.previous.key)
          seen.push(store.revision >= event.revision && (entry?.modRevision ?? event.revision) >= event.revision)
        }
        store.watch(pods, 0, (events) => reads.push(...events.map(read)), ending.signal)
        await Promise.all([fill('a', 'b'), fill('c', 'd')])
        await expect.poll(() => reads.length).toBe(4)
        await Promise.all(reads)
        expect(seen).toEqual([true, true, true, true])
      })

      test('begun while others are told hears everything once', async () => {
        let late: string[] | undefined
        store.watch(pods, 0, () => (late ??= watch(pods, 0)), ending.signal)
        const broad = watch('/', 0)
        await Promise.all([fill('a'), fill('b')])
        await fill('c')
        await expect.poll(() => late).toEqual([`1+${pods}a=a`, `2+${pods}b=b`, `3+${pods}c=c`])
        expect(broad).toEqual(late)
      })
    })

    describe('compaction', () => {
      test('keeps live entries and the present revision', async () => {
        await fill('a', 'b', 'c')
        await store.update(`${pods}a`, 'two', 1)
        await store.delete(`${pods}b`, 2)
        const before = await store.list('/')
        await store.compact(5)
        expect([store.compactedRevision, store.revision]).toEqual([5, 5])
        expect(await store.list('/')).toEqual(before)
        store = await opened.reopen()
        expect([store.compactedRevision, store.revision]).toEqual([5, 5])
        expect(await store.list('/')).toEqual(before)
      })

      test('never goes back, and not into the future', async () => {
        await fill('a', 'b')
        await store.compact(2)
        await store.compact(1)
        expect(store.compactedRevision).toBe(2)
        await expect(store.compact(3)).rejects.toBeInstanceOf(RangeError)
      })

      test('leaves later history whole', async () => {
        await fill('a', 'b')
        await store.update(`${pods}a`, 'two', 1)
        await store.update(`${pods}a`, 'three', 3)
        await store.delete(`${pods}b`, 2)
        await store.compact(3)
        const events: StoreEvent[] = []
        store.watch(pods, 3, (some) => events.push(...some), ending.signal)
        await expect.poll(() => events.map(({ previous }) => previous?.value)).toEqual(['two', 'b'])
        expect(await keys(pods, { revision: 3 })).toEqual([`${pods}a`, `${pods}b`])
      })
    })

    describe('reopening', () => {
      test('finds everything: entries, revision, history', async () => {
        await fill('a', 'b', 'c')
        await store.update(`${pods}a`, 'two', 1)
        await store.delete(`${pods}c`, 3)
        const before = await store.list('/')
        store = await opened.reopen()
        expect(await store.list('/')).toEqual(before)
        expect((await store.list('/', { revision: 3 })).entries.map(({ value }) => value)).toEqual(['a', 'b', 'c'])
        const told = watch(pods, 3)
        await fill('d')
        await expect.poll(() => told).toEqual([`4~${pods}a=two`, `5-${pods}c`, `6+${pods}d=d`])
      })

      test('does not reuse the revision of a removal', async () => {
        await fill('a')
        await store.delete(`${pods}a`, 1)
        await store.compact(2)
        store = await opened.reopen()
        expect((await store.create(web, 'one')).modRevision).toBe(3)
      })
    })

    describe('closing', () => {
      test('completes the writes under way and refuses later ones', async () => {
        const write = store.create(web, 'one')
        await store.close()
        expect((await write).modRevision).toBe(1)
        await expect(store.create(`${pods}late`, '')).rejects.toThrow('closed')
        for (const what of ['read', 'write'] as const) await expect(store.probe(what)).rejects.toThrow('closed')
        store = await opened.reopen()
        expect((await store.get(web))?.value).toBe('one')
        for (const what of ['read', 'write'] as const) await store.probe(what)
      })
    })
  })
}

function describeEvent(event: StoreEvent): string {
  if (event.type === 'delete') return `${event.revision}-${event.previous.key}`
  const { key, value } = event.entry
  return `${event.revision}${event.previous === undefined ? '+' : '~'}${key}=${value}`
}
