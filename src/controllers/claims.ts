import { isStatus } from '../api/errors.ts'
import { controllerOf, keyOf, type KubeObject, type OwnerReference } from '../api/object.ts'
import type { Resource } from '../api/resource.ts'
import type { LabelSelector } from '../api/selectors.ts'
import type { Client } from '../client/client.ts'
import { controllerReference } from './controller-reference.ts'
import { guardedPatch } from './guarded-patch.ts'
import type { PendingWrites } from './pending-writes.ts'

/** What may own objects: a ReplicaSet its pods, a Deployment its ReplicaSets. */
export interface Claimant {
  readonly object: KubeObject
  readonly resource: Resource
  readonly selector: LabelSelector
}

export interface ClaimsOptions<T extends KubeObject> {
  readonly client: Client
  /** Kind of the objects that are claimed. */
  readonly resource: Resource<T>
  readonly writes: PendingWrites<T>
}

/** Settles by controller reference who owns the objects of one kind, as upstream's `ControllerRefManager`. */
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
   * The objects that are the claimant's: those it owns and matches. Orphans that match are adopted, owned ones that
   * match no longer are released. Throws when an object has changed meanwhile: how many there are is then unknown.
   */
  async claim(claimant: Claimant, objects: readonly T[], signal: AbortSignal): Promise<readonly T[]> {
    const { owned, adopt, release } = classify(claimant, objects)
    if (isDeleting(claimant.object)) return owned
    if (adopt.length > 0) await this.#mustLive(claimant, signal)
    const adopted = await Promise.all(adopt.map((object) => this.#adopt(claimant, object, signal)))
    await Promise.all(release.map((object) => this.#release(claimant, object, signal)))
    return [...owned, ...adopted.filter((object) => object !== undefined)]
  }

  /** A claimant that is being deleted, or has been and exists again, must not adopt. */
  async #mustLive({ object, resource }: Claimant, signal: AbortSignal): Promise<void> {
    const { namespace, name, uid } = object.metadata
    const live = await this.#client.get(resource, { namespace, name }, { signal })
    if (live.metadata.uid !== uid) throw new Error(`${resource.kind} ${name} was replaced: uid ${live.metadata.uid}`)
    if (isDeleting(live)) throw new Error(`${resource.kind} ${name} is being deleted`)
  }

  #adopt(claimant: Claimant, object: T, signal: AbortSignal): Promise<T | undefined> {
    const reference = controllerReference(claimant.object, claimant.resource)
    return this.#setOwners(claimant, object, { owners: [...ownersOf(object), reference], signal })
  }

  #release(claimant: Claimant, object: T, signal: AbortSignal): Promise<T | undefined> {
    const owners = ownersOf(object).filter(({ uid }) => uid !== claimant.object.metadata.uid)
    return this.#setOwners(claimant, object, { owners, signal })
  }

  /** The object as it is afterwards; undefined if it is gone. */
  async #setOwners(
    claimant: Claimant,
    object: T,
    { owners, signal }: { owners: readonly OwnerReference[]; signal: AbortSignal },
  ): Promise<T | undefined> {
    const { namespace, name } = object.metadata
    const patch = guardedPatch(object, { metadata: { ownerReferences: [...owners] } })
    try {
      const write = () => this.#client.patch(this.#resource, { namespace, name }, patch, { signal })
      return await this.#writes.update(keyOf(claimant.object), object, write)
    } catch (error) {
      if (isStatus(error, 'NotFound')) return undefined
      throw error
    }
  }
}

function classify<T extends KubeObject>({ object: { metadata }, selector }: Claimant, objects: readonly T[]) {
  const owned: T[] = []
  const adopt: T[] = []
  const release: T[] = []
  for (const object of objects) {
    const controller = controllerOf(object)
    const matches = selector.matches(object.metadata.labels)
    if (controller === undefined) {
      if (matches && !isDeleting(object)) adopt.push(object)
    } else if (controller.uid === metadata.uid) {
      ;(matches ? owned : release).push(object)
    }
  }
  return { owned, adopt, release }
}

function ownersOf({ metadata }: KubeObject): readonly OwnerReference[] {
  return metadata.ownerReferences ?? []
}

function isDeleting({ metadata }: KubeObject): boolean {
  return metadata.deletionTimestamp !== undefined
}
