import { isStatus } from '../api/errors.ts'
import { Namespaces, type Namespace, type NamespaceStatus } from '../api/kinds/namespace.ts'
import { keyOf, type KubeObject } from '../api/object.ts'
import type { Resource } from '../api/resource.ts'
import type { Clock } from '../base/clock.ts'
import type { Cache } from '../client/cache.ts'
import type { Client } from '../client/client.ts'
import { from, type Controller, type Source } from '../client/controller.ts'
import { withCondition } from './conditions.ts'
import { guardedPatch } from './guarded-patch.ts'
import type { CollectedKind } from './owner-graph.ts'

export interface NamespaceDeps {
  readonly client: Client
  readonly namespaces: Cache<Namespace>
  /** All kinds that can be in a namespace. */
  readonly kinds: readonly CollectedKind[]
  readonly clock: Clock
}

/** What is still in a namespace. */
export interface Remaining {
  readonly resource: Resource
  readonly objects: readonly KubeObject[]
}

const finalizer = 'kubernetes'
/** What waits for others, a pod for its agent, is looked at when it goes; this is for what no cache tells of. */
const lookAgainMs = 5_000

/** Empties a namespace that is being deleted and then lets it go. */
export function namespaceController({ client, namespaces, kinds, clock }: NamespaceDeps): Controller {
  const contents = kinds.filter(({ resource }) => resource.namespaced)

  /** Deletes what is not being deleted yet; resolves to what is there afterwards. */
  async function empty(resource: Resource, namespace: string, signal: AbortSignal): Promise<Remaining> {
    const { items } = await client.list(resource, { namespace, signal })
    const fresh = items.filter(({ metadata }) => metadata.deletionTimestamp === undefined)
    for (const { metadata } of fresh) {
      const { name, uid } = metadata
      try {
        await client.delete(resource, { namespace, name }, { uid, propagationPolicy: 'Background', signal })
      } catch (error) {
        if (!isStatus(error, 'NotFound')) throw error
      }
    }
    const { items: objects } = fresh.length === 0 ? { items } : await client.list(resource, { namespace, signal })
    return { resource, objects }
  }

  async function finalize(namespace: Namespace, signal: AbortSignal): Promise<void> {
    const finalizers = namespace.spec?.finalizers?.filter((each) => each !== finalizer) ?? []
    const body = { ...namespace, spec: { ...namespace.spec, finalizers } }
    const target = { name: namespace.metadata.name, subresource: 'finalize' }
    try {
      await client.updateSubresource(Namespaces, target, body, { signal })
    } catch (error) {
      if (!isStatus(error, 'NotFound')) throw error
    }
  }

  async function report(namespace: Namespace, remaining: readonly Remaining[], signal: AbortSignal): Promise<void> {
    const present = namespace.status?.conditions ?? []
    const conditions = remainingConditions(remaining).reduce<readonly Condition[]>(
      (all, condition) => withCondition(all, condition, clock.now()),
      present,
    )
    if (conditions === present) return
    const { name } = namespace.metadata
    const patch = guardedPatch(namespace, { status: { conditions } })
    await client.patch(Namespaces, { name, subresource: 'status' }, patch, { signal })
  }

  return {
    name: 'namespace',
    wakesOn: [
      from(namespaces, (namespace) => (isTerminatingNamespace(namespace) ? [keyOf(namespace)] : [])),
      ...contents.map(({ cache }) => whenContentGoes(cache, namespaces)),
    ],
    async reconcile(key, signal) {
      const namespace = namespaces.get(key)
      if (namespace === undefined || !isTerminatingNamespace(namespace)) return
      if (!namespace.spec?.finalizers?.includes(finalizer)) return
      const all = await Promise.all(contents.map(({ resource }) => empty(resource, key, signal)))
      const remaining = all.filter(({ objects }) => objects.length > 0)
      if (remaining.length === 0) return finalize(namespace, signal)
      await report(namespace, remaining, signal)
      return { againInMs: lookAgainMs }
    },
  }
}

type Condition = NonNullable<NamespaceStatus['conditions']>[number]

/** What a user is told of a namespace that does not go away, in upstream's words. Pure. */
export function remainingConditions(remaining: readonly Remaining[]): readonly Condition[] {
  const counts = remaining.map(
    ({ resource: { plural, group }, objects }) => `${plural}.${group} has ${objects.length} resource instances`,
  )
  const finalizers = new Map<string, number>()
  for (const { metadata } of remaining.flatMap(({ objects }) => objects)) {
    for (const each of metadata.finalizers ?? []) finalizers.set(each, (finalizers.get(each) ?? 0) + 1)
  }
  const held = [...finalizers].map(([each, count]) => `${each} in ${count} resource instances`)
  return [
    {
      type: 'NamespaceContentRemaining',
      status: 'True',
      reason: 'SomeResourcesRemain',
      message: `Some resources are remaining: ${counts.sort().join(', ')}`,
    },
    held.length === 0
      ? {
          type: 'NamespaceFinalizersRemaining',
          status: 'False',
          reason: 'ContentHasNoFinalizers',
          message: 'All content-preserving finalizers finished',
        }
      : {
          type: 'NamespaceFinalizersRemaining',
          status: 'True',
          reason: 'SomeFinalizersRemain',
          message: `Some content in the namespace has finalizers remaining: ${held.sort().join(', ')}`,
        },
  ]
}

export function isTerminatingNamespace({ metadata, status }: Namespace): boolean {
  return metadata.deletionTimestamp !== undefined || status?.phase === 'Terminating'
}

/** Wakes a namespace that is being emptied when something in it is gone. */
function whenContentGoes(cache: Cache<KubeObject>, namespaces: Cache<Namespace>): Source {
  return {
    synced: cache.synced,
    subscribe: (wake) =>
      cache.onChange((previous, next) => {
        if (next !== undefined || previous === undefined) return
        const namespace = namespaces.get(previous.metadata.namespace ?? '')
        if (namespace !== undefined && isTerminatingNamespace(namespace)) wake(keyOf(namespace))
      }),
  }
}
