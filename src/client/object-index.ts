import { keyOf, type KubeObject, type ObjectKey } from '../api/object.ts'

/** One step from one state of an object to the next; undefined is "not there". */
export interface Change<T extends KubeObject> {
  readonly key: ObjectKey
  readonly previous: T | undefined
  readonly next: T | undefined
}

/** Objects by key and by namespace. Lists are kept until something in them changes, so that listing twice is free. */
export class ObjectIndex<T extends KubeObject> {
  readonly #byKey = new Map<ObjectKey, T>()
  readonly #byNamespace = new Map<string, Map<ObjectKey, T>>()
  readonly #lists = new Map<string, readonly T[]>()
  #all: readonly T[] | undefined

  get(key: ObjectKey): T | undefined {
    return this.#byKey.get(key)
  }

  keys(): IterableIterator<ObjectKey> {
    return this.#byKey.keys()
  }

  /** In no particular order. */
  list(namespace?: string): readonly T[] {
    if (namespace === undefined) return (this.#all ??= [...this.#byKey.values()])
    const kept = this.#lists.get(namespace)
    if (kept !== undefined) return kept
    const objects = this.#byNamespace.get(namespace)
    if (objects === undefined) return []
    const list = [...objects.values()]
    this.#lists.set(namespace, list)
    return list
  }

  apply({ key, previous, next }: Change<T>): void {
    const namespace = (next ?? previous)?.metadata.namespace ?? ''
    this.#all = undefined
    this.#lists.delete(namespace)
    const objects = this.#byNamespace.get(namespace) ?? new Map<ObjectKey, T>()
    if (next === undefined) {
      this.#byKey.delete(key)
      objects.delete(key)
    } else {
      this.#byKey.set(key, next)
      objects.set(key, next)
    }
    if (objects.size === 0) this.#byNamespace.delete(namespace)
    else this.#byNamespace.set(namespace, objects)
  }
}

/**
 * The changes that take an object from what is known of it to what was seen: none if it is the same version, two if
 * it is another object under the same name.
 */
export function changesTo<T extends KubeObject>(previous: T | undefined, next: T | undefined): Change<T>[] {
  const object = next ?? previous
  if (object === undefined) return []
  const key = keyOf(object)
  if (previous === undefined || next === undefined) return [{ key, previous, next }]
  if (previous.metadata.uid !== next.metadata.uid) {
    return [...changesTo(previous, undefined), ...changesTo(undefined, next)]
  }
  return previous.metadata.resourceVersion === next.metadata.resourceVersion ? [] : [{ key, previous, next }]
}

/** The changes from what is known to a full list: what is not in the list was deleted unseen. */
export function changesToList<T extends KubeObject>(known: ObjectIndex<T>, items: readonly T[]): Change<T>[] {
  const listed = new Set(items.map(keyOf))
  const gone = [...known.keys()].filter((key) => !listed.has(key))
  return [
    ...gone.flatMap((key) => changesTo(known.get(key), undefined)),
    ...items.flatMap((item) => changesTo(known.get(keyOf(item)), item)),
  ]
}
