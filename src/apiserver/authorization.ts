import { StatusError } from '../api/errors.ts'
import type { User } from './request.ts'
import type { ResourcePath, Verb } from './request-info.ts'

/**
 * Who may do what, until roles can be written: administrators everything, nodes what an agent needs, and whoever has
 * not authenticated nothing but health and version. Throws a 403 in upstream's words.
 */
export function authorize(user: User, verb: Verb, path: ResourcePath): void {
  if (user.groups.includes('system:masters')) return
  if (user.groups.includes('system:nodes') && nodeMay(verb, path)) return
  const resource = path.subresource === undefined ? path.plural : `${path.plural}/${path.subresource}`
  const qualified = path.group === '' ? resource : `${resource}.${path.group}`
  const object = path.name === undefined ? qualified : `${qualified} "${path.name}"`
  const scope = path.namespace === undefined ? 'at the cluster scope' : `in the namespace "${path.namespace}"`
  const message =
    `${object} is forbidden: User "${user.name}" cannot ${verb} resource "${resource}" ` +
    `in API group "${path.group}" ${scope}`
  const details = { ...(path.name !== undefined && { name: path.name }), kind: path.plural }
  throw new StatusError(403, 'Forbidden', message, details)
}

/** What an agent may write, as `plural/subresource`; it may read everything that pods and proxies are made of. */
const nodeWrites: Readonly<Record<string, readonly Verb[]>> = {
  nodes: ['create', 'update', 'patch'],
  'nodes/status': ['update', 'patch'],
  leases: ['create', 'update', 'patch'],
  events: ['create', 'update', 'patch'],
  'pods/status': ['update', 'patch'],
  pods: ['delete'],
}
const nodeReads = new Set([
  'pods',
  'nodes',
  'leases',
  'services',
  'endpoints',
  'endpointslices',
  'secrets',
  'configmaps',
  'namespaces',
  'serviceaccounts',
])

function nodeMay(verb: Verb, { plural, subresource }: ResourcePath): boolean {
  if (subresource === undefined && nodeReads.has(plural) && ['get', 'list', 'watch'].includes(verb)) return true
  return nodeWrites[subresource === undefined ? plural : `${plural}/${subresource}`]?.includes(verb) === true
}
