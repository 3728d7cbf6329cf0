import type { V1Scale } from '@kubernetes/client-node'
import { badRequest, invalidObject, notFound, pathNotFound } from '../../api/errors.ts'
import { invalid } from '../../api/field-error.ts'
import type { ScaleSubresource } from '../../api/kind.ts'
import type { KubeObject } from '../../api/object.ts'
import { isJsonObject, type JsonObject } from '../../api/patch/json-object.ts'
import { decodeAs, parseBody } from '../body.ts'
import type { ApiContext, ResourceRequest } from '../context.ts'
import { copyOf } from '../copy.ts'
import { fieldManagerOf, setManagedFields } from '../field-managers.ts'
import type { ServedForm } from '../kind-registry.ts'
import { type ApiRequest, type ApiResponse, json } from '../request.ts'
import { applyType, readConfiguration } from '../verbs/apply.ts'
import { mediaTypeOf, namesResourceVersion, patcher } from '../verbs/patch.ts'
import { objectScope, writeObject } from '../verbs/update.ts'
import { type ManagedScale, ScaleManagers } from './scale-managers.ts'
import type { Subresource } from './subresource.ts'

/** `/scale` (autoscaling/v1 `Scale`): the number of replicas of whatever has replicas. */
export const scaleSubresource: Subresource = {
  name: 'scale',
  kind: 'Scale',
  group: 'autoscaling',
  version: 'v1',
  verbs: ['get', 'patch', 'update'],
  appliesTo: ({ kind }) => kind.scale !== undefined,
  serve: async (context, request, verb) => {
    const { scale } = request.kind
    if (scale === undefined) throw pathNotFound()
    return verb === 'get' ? getScale(context, request, scale) : writeScale(context, request, scale, verb === 'patch')
  },
}

async function getScale(context: ApiContext, { path, kind }: ResourceRequest, scale: ScaleSubresource<KubeObject>) {
  const name = path.name ?? ''
  const stored = await context.objects.get(kind.resource, path.namespace, name)
  if (stored === undefined) throw notFound(kind.resource, name)
  return json(scaleOf(stored.object, scale))
}

async function writeScale(
  context: ApiContext,
  resource: ResourceRequest,
  scale: ScaleSubresource<KubeObject>,
  isPatch: boolean,
): Promise<ApiResponse> {
  const { request, path, form } = resource
  const change = changeOf(context, request, form, isPatch)
  const stored = await writeObject(context, {
    resource,
    scope: objectScope,
    tracking: undefined,
    next: (current) => {
      const changed = change(current, scaleOf(current, scale))
      const wanted = readScale(context, path.name ?? '', changed.scale)
      const next = copyOf(current)
      scale.setReplicas(next, wanted.replicas)
      setManagedFields(next, changed.entries(wanted.replicas))
      next.metadata.resourceVersion = changed.isConditional ? wanted.resourceVersion : ''
      return next
    },
  })
  return json(scaleOf(stored.object, scale))
}

/** What a write makes of a Scale, and of the managed fields of the object behind it. */
interface ScaleChange {
  readonly scale: unknown
  /** Whether the resourceVersion in the Scale is one that the client gave. */
  readonly isConditional: boolean
  entries(replicas: number): ManagedScale['entries']
}

function changeOf(
  context: ApiContext,
  request: ApiRequest,
  form: ServedForm,
  isPatch: boolean,
): (parent: KubeObject, before: JsonObject) => ScaleChange {
  const managers = new ScaleManagers(context, form)
  if (isPatch && mediaTypeOf(request) === applyType) {
    const { applied } = readConfiguration(request)
    const { metadata } = applied
    const isConditional = isJsonObject(metadata) && Object.hasOwn(metadata, 'resourceVersion')
    return (parent, before) => {
      const { scale, entries } = managers.apply(request, applied, parent, before)
      return { scale, isConditional, entries: () => entries }
    }
  }
  const manager = fieldManagerOf(request, isPatch ? 'PatchOptions' : 'UpdateOptions')
  const isConditional = !isPatch || namesResourceVersion(request)
  const replacement = () => parseBody(request, context.schema)
  const change: (current: unknown) => unknown = isPatch ? patcher(context, 'V1Scale', request) : replacement
  return (parent, before) => ({
    scale: change(before),
    isConditional,
    entries: (replicas) => managers.update(manager, parent, before, replicas).entries,
  })
}

function scaleOf(object: KubeObject, scale: ScaleSubresource<KubeObject>) {
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata
  return {
    kind: 'Scale',
    apiVersion: 'autoscaling/v1',
    metadata: { name, namespace, uid, resourceVersion, creationTimestamp },
    spec: { replicas: scale.replicas(object) },
    status: { replicas: scale.statusReplicas(object), selector: scale.selector(object) },
  }
}

function readScale(context: ApiContext, name: string, value: unknown): { replicas: number; resourceVersion: string } {
  const { metadata = {}, spec = {} } = decodeAs(context, 'V1Scale', value) as V1Scale
  if ((metadata.name ?? '') !== '' && metadata.name !== name) {
    throw badRequest(`the name of the object (${metadata.name}) does not match the name on the URL (${name})`)
  }
  const { replicas = 0 } = spec
  if (replicas < 0) {
    const problem = invalid('spec.replicas', replicas, 'must be greater than or equal to 0')
    throw invalidObject({ group: 'autoscaling', kind: 'Scale' }, name, [problem])
  }
  return { replicas, resourceVersion: metadata.resourceVersion ?? '' }
}
