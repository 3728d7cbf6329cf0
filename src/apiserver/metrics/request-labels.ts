import { mediaTypeOf } from '../media-type.ts'
import type { KindRegistry } from '../kind-registry.ts'
import type { ApiRequest } from '../request.ts'
import { parseResourcePath, type ResourcePath, verbOf } from '../request-info.ts'
import { subresources } from '../subresources/index.ts'
import { findVirtualResource } from '../virtual-resources.ts'

/** Every value comes from a bounded set, whatever is asked for: what is not served has no resource. */
export interface RequestLabels {
  readonly verb: string
  readonly group: string
  readonly version: string
  readonly resource: string
  /** Of requests for no resource, the path, if it is a fixed one. */
  readonly subresource: string
  readonly scope: '' | 'resource' | 'namespace' | 'cluster'
  readonly dryRun: '' | 'All'
}

type Labelled = Pick<ApiRequest, 'method' | 'path' | 'query' | 'contentType'>

/** As upstream labels a request (k8s.io/apiserver/pkg/endpoints/metrics `cleanVerb`, `CleanScope`). */
export function requestLabels(request: Labelled, kinds: KindRegistry): RequestLabels {
  const { method, query } = request
  const path = servedPath(request.path, kinds)
  const dryRun = method !== 'GET' && query.get('dryRun') === 'All' ? 'All' : ''
  if (path === undefined) return { ...nothing, verb: plainVerb(method), subresource: fixedPath(request.path), dryRun }
  const { group, version, plural, subresource = '' } = path
  return {
    verb: reportedVerb(request, path),
    group,
    version,
    resource: plural,
    subresource: subresourceNames.has(subresource) ? subresource : '',
    scope: scopeOf(method, path),
    dryRun,
  }
}

const nothing = { group: '', version: '', resource: '', scope: '' } as const
const subresourceNames: ReadonlySet<string> = new Set(subresources.map(({ name }) => name))
const methods: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])
/** Subresources that connect the client with something else. */
const connecting: ReadonlySet<string> = new Set(['attach', 'exec', 'portforward', 'proxy'])
const fixedPaths: ReadonlySet<string> = new Set([
  '/healthz',
  '/livez',
  '/metrics',
  '/openapi/v2',
  '/openapi/v3',
  '/readyz',
  '/version',
])

function servedPath(text: string, kinds: KindRegistry): ResourcePath | undefined {
  const path = pathOf(text)
  if (path === undefined || (kinds.find(path) === undefined && findVirtualResource(path) === undefined)) return undefined
  return path
}

function pathOf(text: string): ResourcePath | undefined {
  try {
    return parseResourcePath(text)
  } catch {
    // It has been answered with a 400, and is counted as a request for nothing.
    return undefined
  }
}

function fixedPath(path: string): string {
  return fixedPaths.has(path) ? path : ''
}

function plainVerb(method: string): string {
  return methods.has(method) ? method : 'other'
}

function reportedVerb({ method, query, contentType }: Labelled, path: ResourcePath): string {
  if (connecting.has(path.subresource ?? '')) return 'CONNECT'
  const verb = verbOf(method, path, query)
  switch (verb) {
    case 'create':
      return 'POST'
    case 'update':
      return 'PUT'
    case 'patch':
      return mediaTypeOf(contentType).startsWith('application/apply-patch') ? 'APPLY' : 'PATCH'
    case undefined:
      return plainVerb(method)
    default:
      return verb.toUpperCase()
  }
}

function scopeOf(method: string, { name, namespace }: ResourcePath): RequestLabels['scope'] {
  if (name !== undefined || method === 'POST') return 'resource'
  return namespace === undefined ? 'cluster' : 'namespace'
}
