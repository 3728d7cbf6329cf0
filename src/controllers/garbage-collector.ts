import { isStatus } from '../api/errors.ts'
import type { KubeObject, OwnerReference } from '../api/object.ts'
import { apiVersionOf, type Resource } from '../api/resource.ts'
import { Lru } from '../base/lru.ts'
import type { Client, DeleteOptions } from '../client/client.ts'
import type { Controller } from '../client/controller.ts'
import { guardedPatch } from './guarded-patch.ts'
import {
  foregroundFinalizer,
  hasFinalizer,
  isDeleting,
  isDeletingInForeground,
  orphanFinalizer,
  OwnerGraph,
  ownersOf,
  type CollectedKind,
  type GraphNode,
} from './owner-graph.ts'

export interface GarbageCollectorDeps {
  readonly client: Client
  readonly kinds: readonly CollectedKind[]
}

interface Identity {
  readonly namespace?: string | undefined
  readonly name: string
  readonly uid: string
}

/** What has become of the owners of an object. */
interface Owners {
  /** There, or not known to be gone. */
  readonly solid: readonly OwnerReference[]
  readonly gone: readonly OwnerReference[]
  /** Being deleted in the foreground: they wait for this object to go. */
  readonly waiting: readonly OwnerReference[]
}

/**
 * Deletes what has lost all of its owners, as upstream's garbage collector does: in the background when the owner is
 * gone; before it, when it waits with the finalizer `foregroundDeletion`; or not at all, when `orphan` asks to cut the
 * ties. Reconciles by uid. An owner is taken for gone only when a live GET did not find it, or found another uid; one
 * of a kind that is not collected here cannot be looked up and keeps its dependents.
 */
export function garbageCollector({ client, kinds }: GarbageCollectorDeps): Controller {
  const graph = new OwnerGraph()
  /** Uids that a live GET has found absent: they never come back. */
  const absent = new Lru<true>(500)

  async function findLive(
    resource: Resource,
    { namespace, name, uid }: Identity,
    signal: AbortSignal,
  ): Promise<KubeObject | undefined> {
    try {
      const live = await client.get(resource, { namespace, name }, { signal })
      return live.metadata.uid === uid ? live : undefined
    } catch (error) {
      if (isStatus(error, 'NotFound')) return undefined
      throw error
    }
  }

  async function classify(dependent: KubeObject, signal: AbortSignal): Promise<Owners> {
    const solid: OwnerReference[] = []
    const gone: OwnerReference[] = []
    const waiting: OwnerReference[] = []
    for (const owner of ownersOf(dependent)) {
      const object = await lookUp(owner, dependent, signal)
      if (object === 'gone') gone.push(owner)
      else if (object !== 'unknown' && isDeletingInForeground(object)) waiting.push(owner)
      else solid.push(owner)
    }
    return { solid, gone, waiting }
  }

  async function lookUp(
    owner: OwnerReference,
    dependent: KubeObject,
    signal: AbortSignal,
  ): Promise<KubeObject | 'gone' | 'unknown'> {
    const cached = graph.get(owner.uid)?.object
    if (cached !== undefined && !isDeleting(cached)) return cached
    if (absent.get(owner.uid) !== undefined) return 'gone'
    const resource = kinds.find((kind) => isKindOf(owner, kind.resource))?.resource
    const { namespace } = dependent.metadata
    // A cluster-scoped object cannot have a namespaced owner: which namespace would it be in?
    if (resource === undefined || (resource.namespaced && namespace === undefined)) return 'unknown'
    const { name, uid } = owner
    const live = await findLive(resource, resource.namespaced ? { namespace, name, uid } : { name, uid }, signal)
    if (live === undefined) absent.set(owner.uid, true)
    return live ?? 'gone'
  }

  async function collect({ resource, object }: GraphNode, signal: AbortSignal): Promise<void> {
    const known = await classify(object, signal)
    if (known.gone.length === 0 && known.waiting.length === 0) return
    const live = await findLive(resource, object.metadata, signal)
    if (live === undefined || isDeleting(live)) return
    const { solid, gone, waiting } = await classify(live, signal)
    if (solid.length > 0) {
      // The waiting ones too: they must not wait for an object that stays.
      if (gone.length + waiting.length > 0) await setOwners(resource, live, solid, signal)
      return
    }
    if (gone.length + waiting.length === 0) return
    const dependents = graph.dependentsOf(live.metadata.uid)
    if (waiting.length === 0 || dependents.length === 0) return remove(resource, live, { signal })
    const cyclic = dependents.some((dependent) => isDeletingInForeground(dependent.object))
    const unblocked = ownersOf(live).map((owner) => ({ ...owner, blockOwnerDeletion: false }))
    const current = cyclic ? await setOwners(resource, live, unblocked, signal) : live
    await remove(resource, current, { propagationPolicy: 'Foreground', signal })
  }

  /** By the finalizers that the object has, in the background unless they say otherwise. */
  async function remove(resource: Resource, object: KubeObject, options: DeleteOptions): Promise<void> {
    const { namespace, name, uid, resourceVersion } = object.metadata
    const propagationPolicy = hasFinalizer(object, orphanFinalizer)
      ? 'Orphan'
      : hasFinalizer(object, foregroundFinalizer)
        ? 'Foreground'
        : 'Background'
    try {
      await client.delete(resource, { namespace, name }, { propagationPolicy, ...options, uid, resourceVersion })
    } catch (error) {
      if (!isStatus(error, 'NotFound')) throw error
    }
  }

  async function setOwners(
    resource: Resource,
    object: KubeObject,
    ownerReferences: readonly OwnerReference[],
    signal: AbortSignal,
  ): Promise<KubeObject> {
    const { namespace, name } = object.metadata
    const patch = guardedPatch(object, { metadata: { ownerReferences: [...ownerReferences] } })
    return client.patch(resource, { namespace, name }, patch, { signal })
  }

  /**
   * Cuts the ties of all that is owned. Asks the server and not the graph: a dependent that the caches do not show yet
   * would keep its tie, and would be deleted for it when the owner is gone.
   */
  async function orphanDependents(owner: KubeObject, signal: AbortSignal): Promise<void> {
    const { namespace, uid } = owner.metadata
    const related = kinds.filter(({ resource }) => resource.namespaced || namespace === undefined)
    for (const { resource } of related) {
      const scope = namespace === undefined ? { signal } : { namespace, signal }
      const { items } = await client.list(resource, scope)
      for (const object of items) {
        const others = ownersOf(object).filter((reference) => reference.uid !== uid)
        if (others.length < ownersOf(object).length) await setOwners(resource, object, others, signal)
      }
    }
  }

  async function removeFinalizer({ resource, object }: GraphNode, finalizer: string, signal: AbortSignal) {
    const live = await findLive(resource, object.metadata, signal)
    if (live === undefined || !hasFinalizer(live, finalizer)) return
    const { namespace, name } = live.metadata
    const finalizers = live.metadata.finalizers?.filter((each) => each !== finalizer) ?? []
    await client.patch(resource, { namespace, name }, guardedPatch(live, { metadata: { finalizers } }), { signal })
  }

  async function release(node: GraphNode, signal: AbortSignal): Promise<void> {
    const { object } = node
    if (hasFinalizer(object, orphanFinalizer)) {
      await orphanDependents(object, signal)
      await removeFinalizer(node, orphanFinalizer, signal)
    }
    if (!hasFinalizer(object, foregroundFinalizer)) return
    const { uid } = object.metadata
    const dependents = graph.dependentsOf(uid)
    const blocking = dependents.filter((dependent) => blocks(dependent.object, uid))
    if (blocking.length === 0) await removeFinalizer(node, foregroundFinalizer, signal)
    const idle = dependents.filter((dependent) => !isDeleting(dependent.object))
    await Promise.all(idle.map((dependent) => collect(dependent, signal)))
  }

  return {
    name: 'garbage-collector',
    wakesOn: kinds.map((kind) => graph.source(kind)),
    async reconcile(uid, signal) {
      const node = graph.get(uid)
      if (node === undefined) return
      await (isDeleting(node.object) ? release(node, signal) : collect(node, signal))
    },
  }
}

function blocks(dependent: KubeObject, ownerUid: string): boolean {
  return ownersOf(dependent).some(({ uid, blockOwnerDeletion }) => uid === ownerUid && blockOwnerDeletion === true)
}

function isKindOf({ apiVersion, kind }: OwnerReference, resource: Resource): boolean {
  if (kind !== resource.kind) return false
  const [group] = apiVersion.includes('/') ? apiVersion.split('/') : ['']
  // Any version of a group names the same object.
  return apiVersion === apiVersionOf(resource) || group === resource.group
}
