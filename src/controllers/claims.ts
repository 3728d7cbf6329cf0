import { isStatus } from '../api/errors.ts'
import { controllerOf, keyOf, type KubeObject, type OwnerReference } from '../api/object.ts'
import type { Resource } from '../api/resource.ts'
import type { Client } from '../client/client.ts'
import { controllerReference } from './controller-reference.ts'
import { guardedPatch } from './guarded-patch.ts'
import type { PendingWrites } from './pending-writes.ts'
import { isTerminating } from './pod-status.ts'

/** A controller as its dependents name it. */
export interface Owner {
  readonly object: KubeObject
  readonly resource: Resource
}

export interface ClaimsOptions<T extends KubeObject> {
  readonly client: Client
  /** Of what is claimed. */
  readonly resource: Resource<T>
  readonly writes: PendingWrites<T>
}

export interface ClaimOptions<T> {
  /** Whether an object should be the owner's, by its labels or name. */
  readonly matches: (object: T) => boolean
  readonly signal: AbortSignal
}

/** Takes objects of one kind over for their controllers, and lets go of what is theirs no longer. */
export class Claims<T extends KubeObject> {
  readonly #client: Client
  readonly #resource: Resource<T>
  readonly #writes: PendingWrites<T>

  constructor({ client, resource, writes }: ClaimsOptions<T>) {
    this.#client = client
    this.#resource = resource
    this.#writes = writes
  }

  /**
   * The objects that are the owner's: those it owns and that match. Orphans that match are adopted, owned ones that
   * match no longer are released; an owner that is being deleted does neither. Throws when an object has changed
   * meanwhile: whose it is is then unknown.
   */
  async claim(owner: Owner, objects: readonly T[], { matches, signal }: ClaimOptions<T>): Promise<readonly T[]> {
    const { owned, adopt, release } = classify(owner, objects, matches)
    if (owner.object.metadata.deletionTimestamp !== undefined) return owned
    if (adopt.length > 0) await this.#mustLive(owner, signal)
    const adopted = await Promise.all(adopt.map((object) => this.#adopt(owner, object, signal)))
    await Promise.all(release.map((object) => this.#release(owner, object, signal)))
    return [...owned, ...adopt.filter((_, index) => adopted[index])]
  }

  /** An owner that is being deleted, or has been and exists again, must not adopt. */
  async #mustLive({ object, resource }: Owner, signal: AbortSignal): Promise<void> {
    const { namespace, name, uid } = object.metadata
    const live = await this.#client.get(resource, { namespace, name }, { signal })
    if (live.metadata.uid !== uid) throw new Error(`${resource.kind} ${name} was replaced: uid ${live.metadata.uid}`)
    if (live.metadata.deletionTimestamp !== undefined) throw new Error(`${resource.kind} ${name} is being deleted`)
  }

  #adopt(owner: Owner, object: T, signal: AbortSignal): Promise<boolean> {
    const reference = controllerReference(owner.object, owner.resource)
    return this.#setOwners(owner, object, [...(object.metadata.ownerReferences ?? []), reference], signal)
  }

  #release(owner: Owner, object: T, signal: AbortSignal): Promise<boolean> {
    const others = object.metadata.ownerReferences?.filter(({ uid }) => uid !== owner.object.metadata.uid) ?? []
    return this.#setOwners(owner, object, others, signal)
  }

  /** False if the object is gone. */
  async #setOwners(
    owner: Owner,
    object: T,
    ownerReferences: OwnerReference[],
    signal: AbortSignal,
  ): Promise<boolean> {
    const { namespace, name } = object.metadata
    const patch = guardedPatch(object, { metadata: { ownerReferences } })
    try {
      const write = () => this.#client.patch(this.#resource, { namespace, name }, patch, { signal })
      await this.#writes.update(keyOf(owner.object), object, write)
      return true
    } catch (error) {
      if (isStatus(error, 'NotFound')) return false
      throw error
    }
  }
}

function classify<T extends KubeObject>({ object }: Owner, all: readonly T[], matches: (one: T) => boolean) {
  const owned: T[] = []
  const adopt: T[] = []
  const release: T[] = []
  for (const each of all) {
    const controller = controllerOf(each)
    if (controller === undefined) {
      if (matches(each) && !isTerminating(each)) adopt.push(each)
    } else if (controller.uid === object.metadata.uid) {
      ;(matches(each) ? owned : release).push(each)
    }
  }
  return { owned, adopt, release }
}
