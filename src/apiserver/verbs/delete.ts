import { conflict, notFound } from '../../api/errors.ts'
import { semanticallyEqual } from '../../api/equality.ts'
import type { Kind } from '../../api/kind.ts'
import type { KubeObject } from '../../api/object.ts'
import { Stale } from '../../storage/store.ts'
import { admitThen } from '../admission/admission.ts'
import type { ApiContext, ResourceRequest } from '../context.ts'
import type { Stored } from '../objects.ts'
import { type ApiResponse, json, type User } from '../request.ts'
import { representObject } from '../represent.ts'
import { timestamp } from './create.ts'
import { type DeleteOptions, deleteOptions, type Propagation } from './delete-options.ts'
import { tableOptions } from './table-options.ts'

/** DELETE of one object: removes it, or marks it for those who have to let go of it first. */
export async function deleteOne(context: ApiContext, resourceRequest: ResourceRequest): Promise<ApiResponse> {
  const { request, path, form, kind } = resourceRequest
  const name = path.name ?? ''
  const options = deleteOptions(context, request)
  const result = await deleteObject(context, { kind, namespace: path.namespace, name, user: request.user, options })
  if (!result.gone) {
    const body = representObject(form, result.stored, 'object', tableOptions(context, request.query))
    return { status: 200, contentType: 'application/json', body }
  }
  const { group, plural } = kind.resource
  return json({
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Success',
    details: { name, ...(group !== '' && { group }), kind: plural, uid: result.stored.object.metadata.uid },
  })
}

export interface DeleteInput {
  readonly kind: Kind
  readonly namespace: string | undefined
  readonly name: string
  readonly user: User
  readonly options: DeleteOptions
}

/** Deletes under optimistic concurrency. `gone` is false while a grace period or finalizers keep the object. */
export async function deleteObject(
  context: ApiContext,
  input: DeleteInput,
): Promise<{ gone: boolean; stored: Stored }> {
  const { kind, namespace, name, user, options } = input
  for (;;) {
    const current = await context.objects.get(kind.resource, namespace, name)
    if (current === undefined) throw notFound(kind.resource, name)
    checkPreconditions(kind, current.object, options)
    const object = structuredClone(current.object)
    const write = { operation: 'delete', kind, subresource: undefined, user, object, previous: current.object } as const
    try {
      return await admitThen(context.admission, write, !options.dryRun, async () => {
        markDeleted(kind, object, options, context.clock.now())
        if (isReadyToGo(kind, object)) {
          if (!options.dryRun) await context.objects.delete(current)
          return { gone: true, stored: current }
        }
        if (semanticallyEqual(object, current.object)) return { gone: false, stored: current }
        if (options.dryRun) return { gone: false, stored: context.objects.preview(kind.resource, object, current) }
        return { gone: false, stored: await context.objects.update(current, object) }
      })
    } catch (error) {
      if (!(error instanceof Stale)) throw error
    }
  }
}

/**
 * Sets what a delete sets: the time of deletion, the grace period, the finalizer of the propagation. Changes nothing if
 * a deletion is under way that this one cannot hasten (k8s.io/apiserver/pkg/registry/rest `BeforeDelete`).
 */
function markDeleted(kind: Kind, object: KubeObject, options: DeleteOptions, now: Date): void {
  const { metadata } = object
  const running = metadata.deletionTimestamp === undefined ? undefined : (metadata.deletionGracePeriodSeconds ?? 0)
  if (running === undefined) {
    const granted = kind.gracePeriodSeconds?.(object, options.gracePeriodSeconds) ?? 0
    setGrace(object, now.getTime(), granted)
    // Whoever follows the generation takes notice: an object behaves differently from here on.
    if ((metadata.generation ?? 0) > 0) metadata.generation = (metadata.generation ?? 0) + 1
  } else if (running > 0) {
    const { gracePeriodSeconds: asked = running } = options
    if (asked >= running) return
    setGrace(object, Date.parse(metadata.deletionTimestamp ?? '') - running * 1000, asked)
  }
  const finalizers = collectorFinalizers(metadata.finalizers ?? [], options.propagation)
  if (finalizers.length > 0) metadata.finalizers = finalizers
  else delete metadata.finalizers
  kind.beginDeletion?.(object)
}

/** The time of deletion is the end of the grace period. */
function setGrace({ metadata }: KubeObject, fromMs: number, seconds: number): void {
  metadata.deletionTimestamp = timestamp(new Date(fromMs + seconds * 1000))
  metadata.deletionGracePeriodSeconds = seconds
}

const ownFinalizers = { Foreground: 'foregroundDeletion', Orphan: 'orphan', Background: undefined }

/** The finalizers that tell the garbage collector what to do first; others stay. */
function collectorFinalizers(finalizers: readonly string[], propagation: Propagation | undefined): string[] {
  if (propagation === undefined) return [...finalizers]
  const own = ownFinalizers[propagation]
  const kept = finalizers.filter((name) => name === own || (name !== 'foregroundDeletion' && name !== 'orphan'))
  return own === undefined || kept.includes(own) ? kept : [...kept, own]
}

/** Whether an object that is being deleted has nothing left that holds it. */
export function isReadyToGo(kind: Kind, object: KubeObject): boolean {
  const { deletionTimestamp, deletionGracePeriodSeconds, finalizers } = object.metadata
  if (deletionTimestamp === undefined) return false
  return (deletionGracePeriodSeconds ?? 0) === 0 && (finalizers ?? []).length === 0 && kind.holdsDeletion?.(object) !== true
}

function checkPreconditions(kind: Kind, current: KubeObject, options: DeleteOptions): void {
  const { uid, resourceVersion, name } = current.metadata
  if (options.uid !== undefined && options.uid !== uid) {
    const why =
      `the UID in the precondition (${options.uid}) does not match the UID in record (${uid}). ` +
      'The object might have been deleted and then recreated'
    throw conflict(kind.resource, name, why)
  }
  if (options.resourceVersion !== undefined && options.resourceVersion !== resourceVersion) {
    const asked = options.resourceVersion
    const why =
      `the ResourceVersion in the precondition (${asked}) does not match the ResourceVersion in record ` +
      `(${resourceVersion}). The object might have been modified`
    throw conflict(kind.resource, name, why)
  }
}
