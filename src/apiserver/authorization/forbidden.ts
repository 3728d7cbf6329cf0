import { StatusError } from '../../api/errors.ts'
import { type Attributes, isResourceRequest, type ResourceAttributes } from './attributes.ts'

/** The 403 of a request that no authorizer allows, in upstream's words. */
export function forbidden(attributes: Attributes, reason: string): StatusError {
  const why = reason === '' ? refusal(attributes) : `${refusal(attributes)}: ${reason}`
  if (!isResourceRequest(attributes)) return new StatusError(403, 'Forbidden', `forbidden: ${why}`, {})
  const { group, resource, name } = attributes
  return new StatusError(403, 'Forbidden', `${subjectOf(attributes)} is forbidden: ${why}`, {
    ...(name !== '' && { name }),
    ...(group !== '' && { group }),
    kind: resource,
  })
}

function subjectOf({ group, resource, name }: ResourceAttributes): string {
  const qualified = group === '' ? resource : `${resource}.${group}`
  return name === '' ? qualified : `${qualified} ${JSON.stringify(name)}`
}

function refusal(attributes: Attributes): string {
  return harmless(isResourceRequest(attributes) ? refusedResource(attributes) : refusedPath(attributes))
}

function refusedPath({ user, verb, path }: Exclude<Attributes, ResourceAttributes>): string {
  return `User ${JSON.stringify(user.name)} cannot ${verb} path ${JSON.stringify(path)}`
}

function refusedResource({ user, verb, group, resource, subresource, namespace }: ResourceAttributes): string {
  const what = subresource === '' ? resource : `${resource}/${subresource}`
  const where = namespace === '' ? 'at the cluster scope' : `in the namespace ${JSON.stringify(namespace)}`
  return (
    `User ${JSON.stringify(user.name)} cannot ${verb} resource ${JSON.stringify(what)} ` +
    `in API group ${JSON.stringify(group)} ${where}`
  )
}

/** The message repeats what the client sent: it must not become markup where somebody shows it in a page. */
function harmless(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}
