import { randomUUID } from 'node:crypto'
import { alreadyExists, badRequest, invalidObject, StatusError } from '../../api/errors.ts'
import { validateMetadata } from '../../api/metadata.ts'
import type { Kind } from '../../api/kind.ts'
import type { KubeObject } from '../../api/object.ts'
import type { Resource } from '../../api/resource.ts'
import { KeyExists } from '../../storage/store.ts'
import { admitThen } from '../admission/admission.ts'
import { decodeBody } from '../body.ts'
import type { ApiContext, ResourceRequest } from '../context.ts'
import { fieldManagerOf, track, type Tracking } from '../field-managers.ts'
import { servedErrors } from '../kind-registry.ts'
import { generateName } from '../names.ts'
import { negotiate } from '../negotiate.ts'
import type { Stored } from '../objects.ts'
import type { ApiResponse } from '../request.ts'
import { representObject } from '../represent.ts'
import { isDryRun } from '../write-options.ts'
import { tableOptions } from './table-options.ts'

export async function create(context: ApiContext, resourceRequest: ResourceRequest): Promise<ApiResponse> {
  const { request, path, form, kind } = resourceRequest
  const as = negotiate(request.accept, ['object', 'table', 'metadata'])
  const tracking = { form, manager: fieldManagerOf(request, 'CreateOptions'), subresource: '' }
  const { object, warnings } = decodeBody(context, form, request)
  for (const text of warnings) resourceRequest.warnings.add(text)
  if (hasVersion(object)) throw badRequest('resourceVersion should not be set on objects to be created')
  placeInNamespace(kind, object, path.namespace)
  const stored = await createObject(context, { resource: resourceRequest, object, tracking })
  return {
    status: 201,
    contentType: 'application/json',
    body: representObject(form, stored, as, tableOptions(context, request.query)),
  }
}

function hasVersion({ metadata }: KubeObject): boolean {
  const { resourceVersion = '' } = metadata
  return resourceVersion !== '' && resourceVersion !== '0'
}

export interface CreateInput {
  readonly resource: ResourceRequest
  /** A fresh object of the right kind, in its namespace; taken over and changed. */
  readonly object: KubeObject
  /** Undefined if the object has its managed fields already, or shall have none. */
  readonly tracking: Tracking | undefined
}

/** How often a generated name that turns out to be taken is drawn again (KEP-4420). */
const nameAttempts = 8

/** Fills in, admits, validates and stores a new object. */
export async function createObject(context: ApiContext, input: CreateInput): Promise<Stored> {
  const { object } = input
  const { kind } = input.resource
  const prefix = object.metadata.generateName
  const isGenerated = (object.metadata.name ?? '') === '' && prefix !== undefined && prefix !== ''
  for (let attempt = 1; ; attempt += 1) {
    const candidate = isGenerated ? structuredClone(object) : object
    if (isGenerated) candidate.metadata.name = generateName(prefix, context.random)
    try {
      return await createNamed(context, { ...input, object: candidate })
    } catch (error) {
      if (!(error instanceof KeyExists)) throw error
      if (!isGenerated) throw alreadyExists(kind.resource, candidate.metadata.name)
      if (attempt === nameAttempts) throw noNameFound(kind.resource, candidate.metadata.name)
    }
  }
}

function noNameFound(resource: Resource, name: string): StatusError {
  const { status } = alreadyExists(resource, name)
  const message = `${status.message}, the server was not able to generate a unique name for the object`
  return new StatusError(409, 'AlreadyExists', message, { ...status.details, retryAfterSeconds: 1 })
}

async function createNamed(context: ApiContext, input: CreateInput): Promise<Stored> {
  const { resource, object, tracking } = input
  const { request, form, kind, warnings } = resource
  const { user } = request
  const dryRun = isDryRun(request)
  stampNew(object, context.clock.now())
  kind.prepareCreate?.(object)
  kind.setDefaults?.(object)
  if (tracking !== undefined) track(context, tracking, object)
  const write = { operation: 'create', kind, subresource: undefined, user, object, previous: undefined } as const
  return admitThen(context.admission, write, !dryRun, async () => {
    const { namespaced } = kind.resource
    const errors = [
      ...validateMetadata(object.metadata, { namespaced, nameRule: kind.nameRule }),
      ...servedErrors(form, kind.validate(object)),
      ...(form.view?.validate?.(object, undefined) ?? []),
    ]
    if (errors.length > 0) throw invalidObject(kind.resource, object.metadata.name ?? '', errors)
    for (const text of kind.warnings?.(object, undefined) ?? []) warnings.add(text)
    if (!dryRun) return context.objects.create(kind.resource, object)
    const preview = context.objects.preview(kind.resource, object)
    if ((await context.objects.store.get(preview.entry.key)) !== undefined) throw new KeyExists(preview.entry.key)
    return preview
  })
}

function stampNew(object: KubeObject, now: Date): void {
  const { metadata } = object
  metadata.uid = randomUUID()
  metadata.creationTimestamp = timestamp(now)
  metadata.resourceVersion = ''
  delete metadata.deletionTimestamp
  delete metadata.deletionGracePeriodSeconds
  delete metadata.selfLink
}

/** RFC 3339 to the second, as `metav1.Time` marshals. */
export function timestamp(time: Date): string {
  return `${time.toISOString().slice(0, 19)}Z`
}

function placeInNamespace(kind: Kind, object: KubeObject, namespace: string | undefined): void {
  if (!kind.resource.namespaced || namespace === undefined) return
  const given = object.metadata.namespace
  if (given !== undefined && given !== '' && given !== namespace) {
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request')
  }
  object.metadata.namespace = namespace
}
