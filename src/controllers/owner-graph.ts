import type { KubeObject, OwnerReference } from '../api/object.ts'
import type { Resource } from '../api/resource.ts'
import type { Cache } from '../client/cache.ts'
import type { Source } from '../client/controller.ts'

/** A kind that takes part in garbage collection. */
export interface CollectedKind {
  readonly resource: Resource
  readonly cache: Cache<KubeObject>
}

/** An object as the caches show it. */
export interface GraphNode {
  readonly resource: Resource
  readonly object: KubeObject
}

export const orphanFinalizer = 'orphan'
export const foregroundFinalizer = 'foregroundDeletion'

/**
 * Who owns whom, by uid, kept from the caches of all collected kinds. It lags as they do: it tells where to look, and
 * that an owner is there, never that one is not.
 */
export class OwnerGraph {
  readonly #nodes = new Map<string, GraphNode>()
  readonly #dependents = new Map<string, Set<string>>()

  get(uid: string): GraphNode | undefined {
    return this.#nodes.get(uid)
  }

  dependentsOf(uid: string): readonly GraphNode[] {
    return [...(this.#dependents.get(uid) ?? [])].flatMap((dependent) => this.#nodes.get(dependent) ?? [])
  }

  /**
   * Keeps the graph and wakes, by uid, what a change concerns: an object whose owners or state of deletion changed;
   * when one is gone, its dependents and those that wait for it to be gone.
   */
  source({ resource, cache }: CollectedKind): Source {
    return {
      synced: cache.synced,
      subscribe: (wake) =>
        cache.onChange((previous, next) => {
          if (previous !== undefined) this.#remove(previous)
          if (next !== undefined) this.#add(resource, next)
          if (next !== undefined) {
            if (ownershipText(previous) !== ownershipText(next)) wake(next.metadata.uid)
          } else if (previous !== undefined) {
            for (const { object } of this.dependentsOf(previous.metadata.uid)) wake(object.metadata.uid)
          }
          // Dependents that are gone, or do not block any more, let owners go that are deleted in the foreground.
          if (ownershipText(previous) !== ownershipText(next)) {
            for (const { uid } of previous?.metadata.ownerReferences ?? []) if (this.#isWaiting(uid)) wake(uid)
          }
        }),
    }
  }

  #isWaiting(uid: string): boolean {
    const object = this.#nodes.get(uid)?.object
    return object !== undefined && isDeletingInForeground(object)
  }

  #add(resource: Resource, object: KubeObject): void {
    const { uid } = object.metadata
    this.#nodes.set(uid, { resource, object })
    for (const owner of ownersOf(object)) {
      const dependents = this.#dependents.get(owner.uid) ?? new Set<string>()
      this.#dependents.set(owner.uid, dependents)
      dependents.add(uid)
    }
  }

  #remove(object: KubeObject): void {
    const { uid } = object.metadata
    this.#nodes.delete(uid)
    for (const owner of ownersOf(object)) {
      const dependents = this.#dependents.get(owner.uid)
      dependents?.delete(uid)
      if (dependents?.size === 0) this.#dependents.delete(owner.uid)
    }
  }
}

export function ownersOf({ metadata }: KubeObject): readonly OwnerReference[] {
  return metadata.ownerReferences ?? []
}

export function isDeleting({ metadata }: KubeObject): boolean {
  return metadata.deletionTimestamp !== undefined
}

export function hasFinalizer({ metadata }: KubeObject, finalizer: string): boolean {
  return metadata.finalizers?.includes(finalizer) ?? false
}

export function isDeletingInForeground(object: KubeObject): boolean {
  return isDeleting(object) && hasFinalizer(object, foregroundFinalizer)
}

function ownershipText(object: KubeObject | undefined): string {
  if (object === undefined) return ''
  const { uid, ownerReferences = [], finalizers = [], deletionTimestamp } = object.metadata
  // An object that owns nothing, is owned by nobody and is not deleted concerns nobody.
  if (ownerReferences.length === 0 && deletionTimestamp === undefined) return ''
  return JSON.stringify([uid, ownerReferences, finalizers, deletionTimestamp])
}
