import { invalidObject, unsupportedMediaType } from '../../api/errors.ts'
import { invalid } from '../../api/field-error.ts'
import type { KubeObject } from '../../api/object.ts'
import { withoutManagedFields } from '../../api/apply/changes-nothing.ts'
import { givenEntries } from '../../api/apply/managers.ts'
import { goText } from '../../api/patch/go-text.ts'
import { isJsonObject } from '../../api/patch/json-object.ts'
import { applyJsonPatch } from '../../api/patch/json-patch.ts'
import { applyMergePatch } from '../../api/patch/merge-patch.ts'
import { applyStrategicMergePatch } from '../../api/patch/strategic-merge-patch.ts'
import { decodeOr, duplicatesIn, parseBody } from '../body.ts'
import { servedObject } from '../kind-registry.ts'
import type { ApiContext, ResourceRequest } from '../context.ts'
import { fieldManagerOf, refuseForce, setManagedFields } from '../field-managers.ts'
import { negotiate } from '../negotiate.ts'
import type { ApiRequest, ApiResponse } from '../request.ts'
import { representObject } from '../represent.ts'
import { fieldValidationOf } from '../write-options.ts'
import { applyPatch, applyType } from './apply.ts'
import { tableOptions } from './table-options.ts'
import { checkIdentity, writeObject, type WriteScope } from './update.ts'

/** PATCH of an object or of its status. */
export async function patch(
  context: ApiContext,
  resource: ResourceRequest,
  scope: WriteScope,
): Promise<ApiResponse> {
  const { request, path, form, kind, warnings } = resource
  if (mediaTypeOf(request) === applyType) return applyPatch(context, resource, scope)
  const as = negotiate(request.accept, ['object', 'table', 'metadata'])
  const apply = patcher(context, form.schema, request)
  const decode = patchDecoder(context, resource)
  const stored = await writeObject(context, {
    resource,
    scope,
    tracking: { form, manager: fieldManagerOf(request, 'PatchOptions'), subresource: scope.subresource ?? '' },
    next: (current) => {
      const before = servedObject(form, current)
      const { object, warnings: found } = decode(before, apply(before))
      found.forEach((warning) => warnings.add(warning))
      checkIdentity(kind, object, path.namespace, path.name ?? '')
      if (!namesResourceVersion(request)) object.metadata.resourceVersion = ''
      return object
    },
  })
  return {
    status: 200,
    contentType: 'application/json',
    body: representObject(form, stored, as, tableOptions(context, request.query)),
  }
}

type Decode = (before: KubeObject, patched: unknown) => ReturnType<typeof decodeOr>

/**
 * The object that a patch has made of another. Managed fields that it has left alone are taken over as they are. Throws a
 * 422 that shows what upstream shows: of a strategic merge patch itself, of others what they have made.
 */
function patchDecoder(context: ApiContext, { request, form }: ResourceRequest): Decode {
  const strictness = fieldValidationOf(request)
  const duplicates = strictness === 'Ignore' ? [] : duplicatesIn(request)
  const isStrategic = mediaTypeOf(request) === 'application/strategic-merge-patch+json'
  return (before, patched) => {
    const kept = before.metadata.managedFields
    const isKept = kept !== undefined && isJsonObject(patched) && givenEntries(patched) === kept
    const value = isKept ? withoutManagedFields(patched) : patched
    const refusal = (why: string) => {
      const shown = isStrategic ? goText(JSON.parse(request.body)) : JSON.stringify(value)
      return invalidObject({ group: '', kind: '' }, '', [invalid('patch', shown, why)])
    }
    const decoded = decodeOr(context, form, value, { duplicates, strictness, refusal })
    if (isKept) setManagedFields(decoded.object, kept)
    return decoded
  }
}

/** The function that a patch body stands for. Throws a 415 for media types that are not patches. */
export function patcher(context: ApiContext, typeName: string, request: ApiRequest): (current: unknown) => unknown {
  refuseForce(request)
  switch (mediaTypeOf(request)) {
    case 'application/json-patch+json': {
      const body = parseBody({ ...request, contentType: 'application/json' })
      return (current) => applyJsonPatch(current, body)
    }
    case 'application/merge-patch+json': {
      const body = parseBody({ ...request, contentType: 'application/json' })
      return (current) => applyMergePatch(current, body)
    }
    case 'application/strategic-merge-patch+json': {
      const body = parseBody({ ...request, contentType: 'application/json' })
      return (current) => applyStrategicMergePatch(current, body, typeName, context.schema)
    }
    default:
      throw unsupportedMediaType(
        `the body of the request was in an unknown format - accepted media types include: ${patchTypes.join(', ')}`,
      )
  }
}

const patchTypes = [
  'application/json-patch+json',
  'application/merge-patch+json',
  'application/strategic-merge-patch+json',
  applyType,
]

export function mediaTypeOf({ contentType }: ApiRequest): string {
  return contentType.split(';', 1)[0]?.trim() ?? ''
}

/** A patch that itself carries a resourceVersion is conditional on it; any other is applied to whatever is newest. */
export function namesResourceVersion(request: ApiRequest): boolean {
  const body: unknown = parseBody({ ...request, contentType: 'application/json' })
  if (Array.isArray(body)) return body.some((operation) => operation?.path === '/metadata' || operation?.path === '/metadata/resourceVersion')
  if (typeof body !== 'object' || body === null || !('metadata' in body)) return false
  const { metadata } = body
  return typeof metadata === 'object' && metadata !== null && 'resourceVersion' in metadata
}
