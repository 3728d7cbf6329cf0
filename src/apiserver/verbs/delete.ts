import { badRequest, conflict, notFound } from '../../api/errors.ts'
import type { Kind } from '../../api/kind.ts'
import type { KubeObject } from '../../api/object.ts'
import { Stale } from '../../storage/store.ts'
import { admitThen } from '../admission/admission.ts'
import { parseBody } from '../body.ts'
import type { ApiContext, ResourceRequest } from '../context.ts'
import type { Stored } from '../objects.ts'
import { type ApiResponse, json, type User } from '../request.ts'
import { representObject } from '../represent.ts'
import { isDryRun } from '../write-options.ts'
import { timestamp } from './create.ts'
import { tableOptions } from './table-options.ts'

/** DELETE of one object: removes it, or marks it for those who have to let go of it first. */
export async function deleteOne(context: ApiContext, resourceRequest: ResourceRequest): Promise<ApiResponse> {
  const { request, path, form, kind } = resourceRequest
  const name = path.name ?? ''
  const options = deleteOptions(request.body, request.contentType, request.query)
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

export interface DeleteOptions {
  readonly gracePeriodSeconds: number | undefined
  readonly propagation: 'Foreground' | 'Background' | 'Orphan'
  readonly uid: string | undefined
  readonly resourceVersion: string | undefined
  readonly dryRun: boolean
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
        if (options.dryRun) return { gone: false, stored: context.objects.preview(kind.resource, object, current) }
        return { gone: false, stored: await context.objects.update(current, object) }
      })
    } catch (error) {
      if (!(error instanceof Stale)) throw error
    }
  }
}

/** Sets what a delete sets: the time of deletion, a possibly shorter grace period, the finalizer of the propagation. */
function markDeleted(kind: Kind, object: KubeObject, options: DeleteOptions, now: Date): void {
  const { metadata } = object
  const granted = kind.gracePeriodSeconds?.(object, options.gracePeriodSeconds) ?? 0
  const running = metadata.deletionGracePeriodSeconds
  const grace = running === undefined ? granted : Math.min(running, granted)
  // The end of the grace period: a second delete can bring it forward, never put it off.
  if (running === undefined || grace < running) metadata.deletionTimestamp = timestamp(new Date(now.getTime() + grace * 1000))
  metadata.deletionGracePeriodSeconds = grace
  const finalizer = propagationFinalizers[options.propagation]
  if (finalizer !== undefined && metadata.finalizers?.includes(finalizer) !== true) {
    metadata.finalizers = [...(metadata.finalizers ?? []), finalizer]
  }
  kind.beginDeletion?.(object)
}

const propagationFinalizers = { Foreground: 'foregroundDeletion', Orphan: 'orphan', Background: undefined }

/** Whether an object that is being deleted has nothing left that holds it. */
export function isReadyToGo(kind: Kind, object: KubeObject): boolean {
  const { deletionTimestamp, deletionGracePeriodSeconds, finalizers } = object.metadata
  if (deletionTimestamp === undefined) return false
  return (deletionGracePeriodSeconds ?? 0) === 0 && (finalizers ?? []).length === 0 && kind.holdsDeletion?.(object) !== true
}

function checkPreconditions(kind: Kind, current: KubeObject, options: DeleteOptions): void {
  const { uid, resourceVersion, name } = current.metadata
  if (options.uid !== undefined && options.uid !== uid) {
    const why = `Precondition failed: UID in precondition: ${options.uid}, UID in object meta: ${uid}`
    throw conflict(kind.resource, name, why)
  }
  if (options.resourceVersion !== undefined && options.resourceVersion !== resourceVersion) {
    const asked = options.resourceVersion
    const why = `Precondition failed: ResourceVersion in precondition: ${asked}, ResourceVersion in object meta: ${resourceVersion}`
    throw conflict(kind.resource, name, why)
  }
}

/** Options from a `DeleteOptions` body and from the query, as kubectl and client libraries send them. */
export function deleteOptions(body: string, contentType: string, query: URLSearchParams): DeleteOptions {
  const given: unknown = body === '' ? {} : parseBody({ body, contentType })
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    throw badRequest('the body of a delete must be a DeleteOptions object')
  }
  const fields = given as Readonly<Record<string, unknown>>
  const preconditions = (fields['preconditions'] ?? {}) as Readonly<Record<string, unknown>>
  return {
    gracePeriodSeconds: seconds(fields['gracePeriodSeconds'] ?? query.get('gracePeriodSeconds') ?? undefined),
    propagation: propagationOf(fields['propagationPolicy'] ?? query.get('propagationPolicy') ?? undefined, fields['orphanDependents']),
    uid: optionalString(preconditions['uid'], 'preconditions.uid'),
    resourceVersion: optionalString(preconditions['resourceVersion'], 'preconditions.resourceVersion'),
    dryRun: isDryRun(query) || (Array.isArray(fields['dryRun']) && fields['dryRun'].includes('All')),
  }
}

function seconds(value: unknown): number | undefined {
  if (value === undefined || value === null) return undefined
  const number = Number(value)
  if (Number.isInteger(number)) return Math.max(0, number)
  throw badRequest(`gracePeriodSeconds must be a whole number of seconds, found ${JSON.stringify(value)}`)
}

function propagationOf(policy: unknown, orphanDependents: unknown): DeleteOptions['propagation'] {
  if (policy === undefined || policy === null) return orphanDependents === true ? 'Orphan' : 'Background'
  if (policy === 'Foreground' || policy === 'Background' || policy === 'Orphan') return policy
  throw badRequest(`propagationPolicy must be Foreground, Background or Orphan, found ${JSON.stringify(policy)}`)
}

function optionalString(value: unknown, field: string): string | undefined {
  if (value === undefined || value === null) return undefined
  if (typeof value === 'string') return value
  throw badRequest(`${field} must be a string, found ${JSON.stringify(value)}`)
}
