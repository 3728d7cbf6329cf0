import { isStatus } from '../../api/errors.ts'
import { ControllerRevisions, type ControllerRevision } from '../../api/kinds/controller-revision.ts'
import { controllerOf, keyOf, type ObjectKey } from '../../api/object.ts'
import type { Clock } from '../../base/clock.ts'
import type { Cache } from '../../client/cache.ts'
import type { Client } from '../../client/client.ts'
import { from, type Source } from '../../client/controller.ts'
import { Claims, type Claimant } from '../claims.ts'
import { isNamespaceTerminating } from '../namespace-terminating.ts'
import { PendingWrites } from '../pending-writes.ts'
import { byRevision, isOfTemplate, revisionOf, type RevisedOwner } from './revision.ts'

export interface RevisionHistoryOptions {
  readonly client: Client
  readonly controllerRevisions: Cache<ControllerRevision>
  readonly clock: Clock
}

/** The revision of an owner's template of now. */
export interface LatestRevision {
  readonly revision: ControllerRevision
  readonly collisionCount: number
}

/** Keeps the ControllerRevisions of DaemonSets or StatefulSets: one for each template that they have had. */
export class RevisionHistory {
  readonly #client: Client
  readonly #cache: Cache<ControllerRevision>
  readonly #writes: PendingWrites<ControllerRevision>
  readonly #claims: Claims<ControllerRevision>

  constructor({ client, controllerRevisions: cache, clock }: RevisionHistoryOptions) {
    this.#client = client
    this.#cache = cache
    this.#writes = new PendingWrites({ cache, client, resource: ControllerRevisions, clock })
    this.#claims = new Claims({ client, resource: ControllerRevisions, writes: this.#writes })
  }

  /** Wakes whom a changed revision concerns. */
  source(concernedBy: (revision: ControllerRevision) => readonly ObjectKey[]): Source {
    return this.#writes.watching(from(this.#cache, concernedBy))
  }

  /** Whether the cache shows all that was written for the owner: nothing here may be called before it does. */
  settled({ object }: Claimant, signal: AbortSignal): Promise<boolean> {
    const belongs = (revision: ControllerRevision) => controllerOf(revision)?.uid === object.metadata.uid
    return this.#writes.settled(keyOf(object), { belongs, signal })
  }

  forget(owner: ObjectKey): void {
    this.#writes.forget(owner)
  }

  /** The revisions of the owner, oldest first. Orphans with its labels are adopted. */
  async of(owner: RevisedOwner, signal: AbortSignal): Promise<readonly ControllerRevision[]> {
    const all = this.#cache.list(owner.object.metadata.namespace)
    const owned = await this.#claims.claim(owner, all, signal)
    return owned.toSorted(byRevision)
  }

  /**
   * The revision of the owner's template, which gets the highest number: made if there is none, and if there is an
   * older one, as after a rollback, numbered anew. Undefined if none can be made, because its namespace is going away.
   */
  async latest(
    owner: RevisedOwner,
    oldestFirst: readonly ControllerRevision[],
    signal: AbortSignal,
  ): Promise<LatestRevision | undefined> {
    const { collisionCount } = owner
    const newest = oldestFirst.at(-1)
    const number = (newest?.revision ?? 0) + 1
    const equal = oldestFirst.findLast((revision) => isOfTemplate(revision, owner.template))
    if (equal === undefined) return this.#create(owner, number, signal)
    if (equal === newest) return { revision: equal, collisionCount }
    return { revision: await this.#renumber(owner, equal, { number, signal }), collisionCount }
  }

  async remove({ object }: Claimant, surplus: readonly ControllerRevision[], signal: AbortSignal): Promise<void> {
    for (const revision of surplus) {
      const { namespace, name, uid } = revision.metadata
      const write = () => this.#client.delete(ControllerRevisions, { namespace, name }, { uid, signal })
      await this.#writes.delete(keyOf(object), revision, write)
    }
  }

  async #create(owner: RevisedOwner, number: number, signal: AbortSignal): Promise<LatestRevision | undefined> {
    for (let collisionCount = owner.collisionCount; ; collisionCount += 1) {
      const draft = revisionOf(owner, number, collisionCount)
      try {
        const write = () => this.#client.create(ControllerRevisions, draft, { signal })
        return { revision: await this.#writes.create(keyOf(owner.object), write), collisionCount }
      } catch (error) {
        if (isNamespaceTerminating(error)) return undefined
        if (!isStatus(error, 'AlreadyExists')) throw error
      }
      const { namespace, name } = draft.metadata
      const present = await this.#client.get(ControllerRevisions, { namespace, name: name ?? '' }, { signal })
      const isOwn = controllerOf(present)?.uid === owner.object.metadata.uid
      if (isOwn && isOfTemplate(present, owner.template)) return { revision: present, collisionCount }
    }
  }

  #renumber(
    { object }: Claimant,
    revision: ControllerRevision,
    { number, signal }: { number: number; signal: AbortSignal },
  ): Promise<ControllerRevision> {
    const { namespace, name, uid, resourceVersion } = revision.metadata
    const body = { metadata: { uid, resourceVersion }, revision: number }
    const write = () => this.#client.patch(ControllerRevisions, { namespace, name }, { type: 'merge', body }, { signal })
    return this.#writes.update(keyOf(object), revision, write)
  }
}
