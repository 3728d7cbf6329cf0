import type { StoreEvent, WatchSink } from './store.ts'

interface Watcher {
  readonly prefix: string
  readonly sink: WatchSink
  /** Revision up to which it has been told everything. */
  seen: number
}

/**
 * The watchers of a store, found by the first two segments of their prefix (`/registry/pods/`): an event costs
 * nothing to those who watch elsewhere. Watchers of one prefix are given the same array.
 */
export class WatchRegistry {
  readonly #byBucket = new Map<string, Map<string, Set<Watcher>>>()

  /** Tells `sink` of all events with a revision greater than `seen`, until the signal aborts. */
  add(watcher: { prefix: string; sink: WatchSink; seen: number }, signal: AbortSignal): void {
    if (signal.aborted) return
    const registered: Watcher = { ...watcher }
    const bucket = bucketOf(watcher.prefix)
    const byPrefix = this.#byBucket.get(bucket) ?? new Map<string, Set<Watcher>>()
    const watchers = byPrefix.get(watcher.prefix) ?? new Set<Watcher>()
    this.#byBucket.set(bucket, byPrefix.set(watcher.prefix, watchers.add(registered)))
    signal.addEventListener('abort', () => this.#remove(registered), { once: true })
  }

  /** Tells everyone concerned of events that are durable, in revision order. */
  dispatch(events: readonly StoreEvent[]): void {
    const last = events.at(-1)
    if (last === undefined) return
    this.#tell('', events, last.revision)
    for (const [bucket, own] of Map.groupBy(events, (event) => bucketOf(keyOf(event)))) {
      if (bucket !== '') this.#tell(bucket, own, last.revision)
    }
  }

  #tell(bucket: string, events: readonly StoreEvent[], revision: number): void {
    const byPrefix = this.#byBucket.get(bucket)
    if (byPrefix === undefined) return
    for (const [prefix, watchers] of byPrefix) {
      const selected = prefix === bucket ? events : events.filter((event) => keyOf(event).startsWith(prefix))
      const last = selected.at(-1)
      if (last === undefined) continue
      for (const watcher of watchers) {
        // Who began to watch while these were being told has been given them already.
        if (watcher.seen >= last.revision) continue
        watcher.seen = revision
        deliver(watcher.sink, selected)
      }
    }
  }

  #remove(watcher: Watcher): void {
    const bucket = bucketOf(watcher.prefix)
    const byPrefix = this.#byBucket.get(bucket)
    const watchers = byPrefix?.get(watcher.prefix)
    watchers?.delete(watcher)
    if (watchers?.size === 0) byPrefix?.delete(watcher.prefix)
    if (byPrefix?.size === 0) this.#byBucket.delete(bucket)
  }
}

/**
 * Calls a sink. One that throws breaks its contract: the error ends up as an uncaught exception of the process, but
 * neither other watchers nor the writer are made to suffer for it.
 */
export function deliver(sink: WatchSink, events: readonly StoreEvent[]): void {
  try {
    sink(events)
  } catch (error) {
    queueMicrotask(() => {
      throw error
    })
  }
}

function keyOf(event: StoreEvent): string {
  return event.type === 'put' ? event.entry.key : event.previous.key
}

/** `/registry/pods/` of a longer path, '' of one with fewer than two whole segments. */
function bucketOf(path: string): string {
  const second = path.indexOf('/', 1)
  const third = second < 0 ? -1 : path.indexOf('/', second + 1)
  return third < 0 ? '' : path.slice(0, third + 1)
}
