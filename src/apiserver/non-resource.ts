import { methodNotAllowed, pathNotFound } from '../api/errors.ts'
import { metricsMediaType } from '../base/metrics.ts'
import { aggregatedDiscovery } from './aggregated-discovery.ts'
import { issuerConfiguration, issuerPaths, keySet } from './authentication/issuer-documents.ts'
import { requireAllowed } from './authorization/require-allowed.ts'
import type { ApiContext } from './context.ts'
import { catalogue } from './discovery-catalogue.ts'
import { apiGroup, coreVersions, groupList, resourceList } from './discovery.ts'
import { allHealthPaths, findHealth, serveIndicators } from './health/serve-health.ts'
import { type ApiRequest, type ApiResponse, json } from './request.ts'

/** Health, version, discovery and schema: everything that is not an object. */
export async function serveNonResource(context: ApiContext, request: ApiRequest): Promise<ApiResponse> {
  const path = request.path.length > 1 ? request.path.replace(/\/$/, '') : request.path
  const verb = request.method.toLowerCase()
  // Whoever watches over the server is let in before there are roles.
  if (!openPaths.has(path)) requireAllowed(context.access.authorizer, { user: request.user, verb, path: request.path })
  if (request.method !== 'GET' && request.method !== 'HEAD') throw methodNotAllowed()
  const own = ownPaths.get(path) ?? findHealth(path)
  if (own !== undefined) return own(context, request)
  if (path.startsWith('/openapi/')) return context.openapi.serve(path, request)
  const aggregated = aggregatedDiscovery(context.kinds, path, request.accept)
  if (aggregated !== undefined) return aggregated
  const found = discover(context, path)
  if (found === undefined) throw pathNotFound()
  return json(found)
}

type Serve = (context: ApiContext, request: ApiRequest) => ApiResponse | Promise<ApiResponse>

const openPaths: ReadonlySet<string> = new Set(['/healthz', '/livez', '/readyz'])

const ownPaths = new Map<string, Serve>([
  ['/version', ({ version }) => json(version)],
  ['/.well-known/openid-configuration', issuerConfiguration],
  ['/metrics', async ({ metrics }) => ({ status: 200, contentType: metricsMediaType, body: await metrics.registry.text() })],
  ['/metrics/slis', serveIndicators],
  ['/openid/v1/jwks', keySet],
])

function discover(context: ApiContext, path: string): object | undefined {
  const { kinds, address } = context
  const [, root, group, version, ...rest] = path.split('/')
  if (rest.length > 0) return undefined
  if (root === 'api') {
    if (group === undefined) return coreVersions(address)
    return version === undefined ? resourceList(kinds, '', group) : undefined
  }
  if (root !== 'apis') return path === '/' ? { paths: rootPaths(context) } : undefined
  if (group === undefined) return groupList(kinds)
  return version === undefined ? apiGroup(kinds, group) : resourceList(kinds, group, version)
}

function rootPaths(context: ApiContext): string[] {
  const groups = catalogue(context.kinds)
    .filter(({ name }) => name !== '')
    .flatMap(({ name, versions }) => ['', ...versions.map(({ version }) => `/${version}`)].map((rest) => `/apis/${name}${rest}`))
  return [...fixedPaths, ...issuerPaths, ...allHealthPaths(context), ...groups].sort()
}

const fixedPaths = ['/api', '/api/v1', '/apis', '/metrics', '/metrics/slis', '/openapi/v2', '/openapi/v3', '/version']
