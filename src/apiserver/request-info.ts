import { badRequest } from '../api/errors.ts'

/** What a path under /api or /apis names (k8s.io/apiserver/pkg/endpoints/request `RequestInfo`). */
export interface ResourcePath {
  readonly group: string
  readonly version: string
  readonly plural: string
  readonly namespace: string | undefined
  readonly name: string | undefined
  readonly subresource: string | undefined
  /** What follows the subresource: the path that a proxy is asked for. */
  readonly rest: string
}

/** Undefined if the path does not have the form of a resource. Throws a 400 on broken percent-encoding. */
export function parseResourcePath(path: string): ResourcePath | undefined {
  const parts = path.split('/').slice(1)
  if (parts[0] === 'api') return parseBelowVersion('', parts[1], parts.slice(2))
  if (parts[0] === 'apis') return parseBelowVersion(parts[1] ?? '', parts[2], parts.slice(3))
  return undefined
}

function parseBelowVersion(group: string, version: string | undefined, parts: string[]): ResourcePath | undefined {
  if (version === undefined || version === '' || parts[0] === undefined || parts[0] === '') return undefined
  const decoded = parts.map(decodeSegment)
  // `/namespaces/NAME/status` and `/namespaces/NAME/finalize` are subresources of the Namespace itself.
  const isNamespaced =
    decoded[0] === 'namespaces' &&
    decoded[1] !== undefined &&
    decoded[2] !== undefined &&
    !(decoded.length === 3 && namespaceSubresources.has(decoded[2]))
  const namespace = isNamespaced ? decoded[1] : undefined
  const [plural, name, subresource, ...rest] = isNamespaced ? decoded.slice(2) : decoded
  if (plural === undefined || plural === '' || name === '' || namespace === '') return undefined
  return { group, version, plural, namespace, name, subresource, rest: rest.join('/') }
}

const namespaceSubresources = new Set(['status', 'finalize'])

function decodeSegment(segment: string): string {
  if (!segment.includes('%')) return segment
  try {
    return decodeURIComponent(segment)
  } catch (cause) {
    throw badRequest(`the path segment ${JSON.stringify(segment)} is not valid percent-encoding: ${String(cause)}`)
  }
}

export type Verb = 'get' | 'list' | 'watch' | 'create' | 'update' | 'patch' | 'delete' | 'deletecollection'

/** The Kubernetes verb of an HTTP request, as authorization and metrics name it. */
export function verbOf(method: string, path: ResourcePath, query: URLSearchParams): Verb | undefined {
  switch (method) {
    case 'GET':
    case 'HEAD':
      if (path.name !== undefined) return 'get'
      // A watch has no head that could be told without it.
      return method === 'GET' && isTrue(query.get('watch')) ? 'watch' : 'list'
    case 'POST':
      return 'create'
    case 'PUT':
      return 'update'
    case 'PATCH':
      return 'patch'
    case 'DELETE':
      return path.name === undefined ? 'deletecollection' : 'delete'
    case 'OPTIONS':
      // For what is behind a proxy only. It is as safe as a GET (RFC 9110 §9.2.1), so who may do the one may do the other.
      return path.subresource === 'proxy' ? 'get' : undefined
    default:
      return undefined
  }
}

/** Boolean query parameters as Go's conversion takes them: `watch`, `watch=1`, `watch=true`. */
export function isTrue(value: string | null): boolean {
  return value !== null && value !== '0' && value.toLowerCase() !== 'false'
}
