import { badRequest, invalidObject, notFound, pathNotFound } from '../../api/errors.ts'
import { invalid } from '../../api/field-error.ts'
import type { ScaleSubresource } from '../../api/kind.ts'
import type { KubeObject } from '../../api/object.ts'
import { parseBody } from '../body.ts'
import type { ApiContext, ResourceRequest } from '../context.ts'
import { type ApiResponse, json } from '../request.ts'
import { isDryRun } from '../write-options.ts'
import { patcher } from '../verbs/patch.ts'
import { objectScope, writeObject } from '../verbs/update.ts'
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
  { request, path, kind }: ResourceRequest,
  scale: ScaleSubresource<KubeObject>,
  isPatch: boolean,
): Promise<ApiResponse> {
  const change: (current: unknown) => unknown = isPatch ? patcher(context, 'V1Scale', request) : () => parseBody(request)
  const stored = await writeObject(context, {
    kind,
    namespace: path.namespace,
    name: path.name ?? '',
    scope: objectScope,
    user: request.user,
    dryRun: isDryRun(request.query),
    next: (current) => {
      const wanted = readScale(change(scaleOf(current, scale)))
      const next = structuredClone(current)
      scale.setReplicas(next, wanted.replicas)
      next.metadata.resourceVersion = isPatch ? '' : wanted.resourceVersion
      return next
    },
  })
  return json(scaleOf(stored.object, scale))
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

function readScale(value: unknown): { replicas: number; resourceVersion: string } {
  const body = record(value, 'the body must be a Scale object')
  const spec = record(body['spec'] ?? {}, 'spec must be an object')
  const metadata = record(body['metadata'] ?? {}, 'metadata must be an object')
  const replicas = spec['replicas'] ?? 0
  if (typeof replicas !== 'number' || !Number.isInteger(replicas)) {
    throw badRequest(`spec.replicas must be a whole number, found ${JSON.stringify(replicas)}`)
  }
  if (replicas < 0) {
    const problem = invalid('spec.replicas', replicas, 'must be greater than or equal to 0')
    throw invalidObject({ group: 'autoscaling', kind: 'Scale' }, String(metadata['name'] ?? ''), [problem])
  }
  const resourceVersion = metadata['resourceVersion']
  return { replicas, resourceVersion: typeof resourceVersion === 'string' ? resourceVersion : '' }
}

function record(value: unknown, problem: string): Readonly<Record<string, unknown>> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>
  throw badRequest(problem)
}
