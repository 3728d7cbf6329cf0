import type { KubeObject } from '../api/object.ts'
import type { Resource } from '../api/resource.ts'
import type { Entry } from '../storage/store.ts'
import { keyFor, type ObjectStore } from './objects.ts'

/** `previous` is undefined for a new object, `next` for one that is gone. */
export type StoredObjectSink<T extends KubeObject> = (previous: T | undefined, next: T | undefined) => void

/**
 * Tells of every stored object of a resource, first of those that are there, until the signal aborts. Resolves when
 * these are in. A write is told of before it is answered, so that whoever wrote finds it taken into account.
 */
export async function followStored<T extends KubeObject>(
  objects: ObjectStore,
  resource: Resource<T>,
  sink: StoredObjectSink<T>,
  signal: AbortSignal,
): Promise<void> {
  const prefix = keyFor(resource)
  const decode = (entry: Entry | undefined) => (entry === undefined ? undefined : (objects.decode(entry).object as T))
  const page = await objects.store.list(prefix)
  for (const entry of page.entries) sink(undefined, decode(entry))
  objects.store.watch(
    prefix,
    page.revision,
    (events) => {
      for (const event of events) sink(decode(event.previous), event.type === 'put' ? decode(event.entry) : undefined)
    },
    signal,
  )
}
