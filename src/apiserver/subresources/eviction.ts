import { badRequest } from '../../api/errors.ts'
import { Pods } from '../../api/kinds/pod.ts'
import { parseBody } from '../body.ts'
import { json } from '../request.ts'
import { deleteOptions } from '../verbs/delete-options.ts'
import { deleteObject } from '../verbs/delete.ts'
import type { Subresource } from './subresource.ts'

/**
 * `pods/NAME/eviction`: a delete that disruption budgets may refuse. There are no budgets here, so it is a delete with
 * the options that the Eviction carries (k8s.io/kubernetes/pkg/registry/core/pod/storage `EvictionREST`).
 */
export const evictionSubresource: Subresource = {
  name: 'eviction',
  kind: 'Eviction',
  group: 'policy',
  version: 'v1',
  verbs: ['create'],
  appliesTo: ({ kind }) => kind.resource.plural === Pods.plural && kind.resource.group === Pods.group,
  async serve(context, { request, path, kind }) {
    const name = path.name ?? ''
    const eviction = parseEviction(parseBody(request, context.schema))
    if (eviction.name !== name) throw badRequest('name in URL does not match name in Eviction object')
    const body = JSON.stringify(eviction.deleteOptions)
    const options = deleteOptions(context, { ...request, body, contentType: 'application/json' })
    await deleteObject(context, { kind, namespace: path.namespace, name, user: request.user, options })
    return json({ kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201 }, 201)
  },
}

function parseEviction(body: unknown): { name: unknown; deleteOptions: object } {
  if (!isObject(body) || body['kind'] !== 'Eviction' || !isPolicy(body['apiVersion'])) {
    throw badRequest('the body of the request must be an Eviction of policy/v1')
  }
  const { metadata, deleteOptions: options = {} } = body
  if (!isObject(options)) throw badRequest('deleteOptions of an Eviction must be a DeleteOptions object')
  return { name: isObject(metadata) ? metadata['name'] : undefined, deleteOptions: options }
}

function isPolicy(apiVersion: unknown): boolean {
  return apiVersion === 'policy/v1' || apiVersion === 'policy/v1beta1'
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
