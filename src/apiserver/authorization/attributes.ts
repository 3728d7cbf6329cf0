import { parseFieldSelector, type FieldSelector } from '../../api/field-selectors.ts'
import type { ApiRequest, User } from '../request.ts'
import type { ResourcePath } from '../request-info.ts'

/** What is asked for, as an authorizer sees it (k8s.io/apiserver/pkg/authorization/authorizer `Attributes`). */
export type Attributes = ResourceAttributes | NonResourceAttributes

/** A request for objects. Absent parts are ''. */
export interface ResourceAttributes {
  readonly user: User
  /** An API verb such as `list`, or one that only authorization knows: `impersonate`, `bind`, `escalate`. */
  readonly verb: string
  readonly group: string
  /** Plural. */
  readonly resource: string
  readonly subresource: string
  readonly namespace: string
  readonly name: string
  /** Which objects a list or watch is limited to. */
  readonly fieldSelector?: FieldSelector
}

/** A request for anything else, such as `/version`. */
export interface NonResourceAttributes {
  readonly user: User
  /** The HTTP method in lower case. */
  readonly verb: string
  readonly path: string
}

export function isResourceRequest(attributes: Attributes): attributes is ResourceAttributes {
  return 'resource' in attributes
}

/**
 * What a request under /api or /apis asks for. A list or watch of `metadata.name=x` counts as one of that name, and the
 * Namespace `x` as being in the namespace `x`. Throws a 400 for a field selector that does not parse.
 */
export function resourceAttributes(
  { user, query }: Pick<ApiRequest, 'user' | 'query'>,
  verb: string,
  path: Pick<ResourcePath, 'group' | 'plural' | 'subresource' | 'namespace' | 'name'>,
): ResourceAttributes {
  const fieldSelector = isCollective(verb) ? selectorOf(query) : undefined
  const name = path.name ?? fieldSelector?.exactly('metadata.name') ?? ''
  const isNamespace = path.group === '' && path.plural === 'namespaces'
  return {
    user,
    verb,
    group: path.group,
    resource: path.plural,
    subresource: path.subresource ?? '',
    namespace: path.namespace ?? (isNamespace ? (path.name ?? '') : ''),
    name,
    ...(fieldSelector !== undefined && { fieldSelector }),
  }
}

function isCollective(verb: string): boolean {
  return verb === 'list' || verb === 'watch' || verb === 'deletecollection'
}

function selectorOf(query: URLSearchParams): FieldSelector | undefined {
  const text = query.get('fieldSelector') ?? ''
  return text === '' ? undefined : parseFieldSelector(text)
}
