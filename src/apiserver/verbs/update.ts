import { changesNothing } from '../../api/apply/changes-nothing.ts'
import { badRequest, conflict, invalidObject, isStatus, modified, notFound } from '../../api/errors.ts'
import type { FieldError } from '../../api/field-error.ts'
import type { Kind } from '../../api/kind.ts'
import { validateAnnotations, validateMetadata, validateMetadataUpdate } from '../../api/metadata.ts'
import type { KubeObject } from '../../api/object.ts'
import { Stale } from '../../storage/store.ts'
import { admitThen } from '../admission/admission.ts'
import { resourceAttributes } from '../authorization/attributes.ts'
import { requireAllowed } from '../authorization/require-allowed.ts'
import { decodeBody } from '../body.ts'
import type { ApiContext, ResourceRequest } from '../context.ts'
import { copyOf } from '../copy.ts'
import { asJson, fieldManagerOf, setManagedFields, track, type Tracking } from '../field-managers.ts'
import { servedErrors, type ServedForm } from '../kind-registry.ts'
import { negotiate } from '../negotiate.ts'
import type { Stored } from '../objects.ts'
import type { ApiResponse } from '../request.ts'
import { representObject } from '../represent.ts'
import { isDryRun } from '../write-options.ts'
import { createObject } from './create.ts'
import { isReadyToGo } from './delete.ts'
import { tableOptions } from './table-options.ts'

/** What a write through one path may change, and what is checked. */
export interface WriteScope {
  readonly subresource: string | undefined
  /** The object to store, of what the client sent and what was there. May change and return `next`. */
  merge(kind: Kind, next: KubeObject, previous: KubeObject): KubeObject
  /** Fields have the names of the form that is written. */
  validate(form: ServedForm, next: KubeObject, previous: KubeObject): FieldError[]
  /** What the client is told of a write that is valid. */
  warnings?(kind: Kind, next: KubeObject, previous: KubeObject): string[]
}

/** A write to the object itself: everything but what the kind keeps back, usually the status. */
export const objectScope: WriteScope = {
  subresource: undefined,
  merge(kind, next, previous) {
    kind.prepareUpdate?.(next, previous)
    return next
  },
  validate: (form, next, previous) => [
    ...validateMetadata(next.metadata, { namespaced: form.kind.resource.namespaced, nameRule: form.kind.nameRule }),
    ...validateMetadataUpdate(next.metadata, previous.metadata),
    ...servedErrors(form, [...form.kind.validate(next), ...(form.kind.validateUpdate?.(next, previous) ?? [])]),
    ...(form.view?.validate?.(next, previous) ?? []),
  ],
  warnings: (kind, next, previous) => kind.warnings?.(next, previous) ?? [],
}

/** A write to `/status`: the status, and annotations, in which controllers note what belongs to it. */
export const statusScope: WriteScope = {
  subresource: 'status',
  merge: (_, next, previous) => withAnnotationsOf(next, Object.assign(copyOf(previous), { status: statusOf(next) })),
  validate: (form, next, previous) => [
    ...validateAnnotations(next.metadata.annotations ?? {}, 'metadata.annotations'),
    ...servedErrors(form, form.kind.validateStatus?.(next, previous) ?? []),
  ],
}

/** A write whose one change the server's own code has made and checked. */
export function internalScope(subresource: string): WriteScope {
  return { subresource, merge: (_, next) => next, validate: () => [] }
}

/** PUT of an object or of its status. */
export async function update(
  context: ApiContext,
  resource: ResourceRequest,
  scope: WriteScope,
): Promise<ApiResponse> {
  const { request, path, form, kind } = resource
  const as = negotiate(request.accept, ['object', 'table', 'metadata'])
  const { object, warnings } = decodeBody(context, form, request)
  for (const text of warnings) resource.warnings.add(text)
  checkIdentity(kind, object, path.namespace, path.name ?? '')
  const tracking = { form, manager: fieldManagerOf(request, 'UpdateOptions'), subresource: scope.subresource ?? '' }
  const mayCreate = kind.createsOnUpdate === true && scope.subresource === undefined
  const { stored, isNew } = await firstOf(context, resource, mayCreate, {
    create: () => createByUpdate(context, resource, { object, tracking }),
    update: () => writeObject(context, { resource, scope, tracking, next: () => copyOf(object) }),
  })
  return {
    status: isNew ? 201 : 200,
    contentType: 'application/json',
    body: representObject(form, stored, as, tableOptions(context, request.query)),
  }
}

/**
 * Updates an object, or creates it if it is not there and that may be. Others may be faster in creating it or in
 * deleting it: the one is tried as long as there is reason to.
 */
export async function firstOf(
  { objects }: ApiContext,
  { path, kind }: ResourceRequest,
  mayCreate: boolean,
  { create, update: change }: { create(): Promise<Stored>; update(): Promise<Stored> },
): Promise<{ readonly stored: Stored; readonly isNew: boolean }> {
  const isThere = async () => (await objects.get(kind.resource, path.namespace, path.name ?? '')) !== undefined
  for (;;) {
    const isNew = mayCreate && !(await isThere())
    try {
      return { stored: await (isNew ? create() : change()), isNew }
    } catch (error) {
      // Any other failure will not go away.
      const isBeaten = isStatus(error, isNew ? 'AlreadyExists' : 'NotFound') && isNew === (await isThere())
      if (!mayCreate || !isBeaten) throw error
    }
  }
}

/** Creates what a PUT found missing, for who may create it. Throws a 409 if it was meant for an object that is gone. */
async function createByUpdate(
  context: ApiContext,
  resource: ResourceRequest,
  { object, tracking }: { readonly object: KubeObject; readonly tracking: Tracking },
): Promise<Stored> {
  const { request, path, kind } = resource
  requireAllowed(context.access.authorizer, resourceAttributes(request, 'create', path))
  const { uid = '' } = object.metadata
  if (uid !== '') {
    throw conflict(kind.resource, path.name ?? '', `Precondition failed: UID in precondition: ${uid}, UID in object meta: `)
  }
  return createObject(context, { resource, object: copyOf(object), tracking })
}

export interface WriteInput {
  readonly resource: ResourceRequest
  readonly scope: WriteScope
  /** Undefined if `next` gives the object its managed fields. */
  readonly tracking: Tracking | undefined
  /**
   * Computes the object to store from the stored one, which must not be changed. Called again when another write came
   * between, unless the result names the resourceVersion that it was meant for.
   */
  next(current: KubeObject): KubeObject
}

/** Changes an existing object under optimistic concurrency. Writes nothing if nothing would change. */
export async function writeObject(context: ApiContext, input: WriteInput): Promise<Stored> {
  const { kind, path, request } = input.resource
  const { name = '' } = path
  const dryRun = isDryRun(request)
  for (;;) {
    const current = await context.objects.get(kind.resource, path.namespace, name)
    if (current === undefined) throw notFound(kind.resource, name)
    const next = input.next(current.object)
    const expected = next.metadata.resourceVersion ?? ''
    if (expected !== '' && expected !== current.object.metadata.resourceVersion) throw modified(kind.resource, name)
    checkUid(kind, next, current.object)
    try {
      return await writeOver(context, { ...input, dryRun }, current, next)
    } catch (error) {
      if (!(error instanceof Stale)) throw error
      if (expected !== '') throw modified(kind.resource, name)
    }
  }
}

async function writeOver(
  context: ApiContext,
  input: WriteInput & { readonly dryRun: boolean },
  current: Stored,
  next: KubeObject,
): Promise<Stored> {
  const { resource, scope, dryRun, tracking } = input
  const { form, kind, path, warnings } = resource
  const { user } = resource.request
  const previous = current.object
  carryServerFields(next, previous)
  const object = scope.merge(kind, next, previous)
  kind.setDefaults?.(object)
  if (tracking === undefined) setManagedFields(object, next.metadata.managedFields)
  else track(context, tracking, object, previous)
  const write = { operation: 'update', kind, subresource: scope.subresource, user, object, previous } as const
  const isLast = isReadyToGo(kind, object)
  return admitThen(context.admission, write, !dryRun && !isLast, async () => {
    const errors = scope.validate(form, object, previous)
    if (errors.length > 0) throw invalidObject(kind.resource, path.name ?? '', errors)
    for (const text of scope.warnings?.(kind, object, previous) ?? []) warnings.add(text)
    if (changesNothing(asJson(object), asJson(previous))) return current
    if (dryRun) return context.objects.preview(kind.resource, object, current)
    if (isLast) return context.objects.removed(current, object)
    return context.objects.update(current, object)
  })
}

/** Fields of the metadata that the server owns: a client's values for them are ignored. */
function carryServerFields(next: KubeObject, previous: KubeObject): void {
  const { metadata } = next
  metadata.uid ||= previous.metadata.uid
  metadata.creationTimestamp = previous.metadata.creationTimestamp
  metadata.resourceVersion = previous.metadata.resourceVersion
  delete metadata.selfLink
  for (const field of ['generation', 'deletionTimestamp', 'deletionGracePeriodSeconds'] as const) {
    const value = previous.metadata[field]
    if (value === undefined) delete metadata[field]
    else Object.assign(metadata, { [field]: value })
  }
}

function withAnnotationsOf({ metadata: { annotations } }: KubeObject, object: KubeObject): KubeObject {
  const { annotations: _, ...rest } = object.metadata
  return Object.assign(object, { metadata: annotations === undefined ? rest : { ...rest, annotations } })
}

function statusOf(object: KubeObject): unknown {
  return 'status' in object ? object.status : undefined
}

/** Throws a 400 if an object is not the one that its path names. */
export function checkIdentity(kind: Kind, object: KubeObject, namespace: string | undefined, name: string): void {
  const given = object.metadata.name ?? ''
  if (given === '') {
    throw badRequest(`the name of the object (${name} based on URL) was undeterminable: name must be provided`)
  }
  if (given !== name) {
    throw badRequest(`the name of the object (${given}) does not match the name on the URL (${name})`)
  }
  if (!kind.resource.namespaced) return
  const inBody = object.metadata.namespace ?? ''
  if (inBody !== '' && inBody !== namespace) {
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request')
  }
  if (namespace !== undefined) object.metadata.namespace = namespace
}

function checkUid(kind: Kind, next: KubeObject, current: KubeObject): void {
  const asked = next.metadata.uid ?? ''
  if (asked === '' || asked === current.metadata.uid) return
  const why = `Precondition failed: UID in precondition: ${asked}, UID in object meta: ${current.metadata.uid}`
  throw conflict(kind.resource, current.metadata.name, why)
}
