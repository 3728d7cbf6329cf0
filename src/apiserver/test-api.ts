import { generateKeyPairSync } from 'node:crypto'
import { kinds } from '../api/kinds/index.ts'
import { readSchema } from '../api/schema/schema-file.ts'
import { parseCidr } from '../base/ip.ts'
import { systemClock, type Clock } from '../base/clock.ts'
import { type Log, silentLog } from '../base/log.ts'
import type { Store } from '../storage/store.ts'
import { openSqliteStore } from '../storage/sqlite/sqlite-store.ts'
import { accessControl } from './access-control.ts'
import { admissionSteps } from './admission/index.ts'
import { ServiceAddressAllocator } from './admission/service-address-allocator.ts'
import type { ApiContext } from './context.ts'
import { apiHandler } from './handler.ts'
import { healthChecks, type StartHook } from './health/checks.ts'
import { Health } from './health/health.ts'
import { KindRegistry } from './kind-registry.ts'
import { ServerMetrics } from './metrics/server-metrics.ts'
import { ObjectStore } from './objects.ts'
import { openApi } from './openapi.ts'
import type { ApiRequest, ApiResponse } from './request.ts'
import { feedServiceAddresses } from './service-address-feed.ts'
import type { Upstream } from './upstream.ts'
import { versionInfo } from './version.ts'

const issuer = 'https://kubernetes.default.svc.cluster.local'
const { privateKey: signingKey } = generateKeyPairSync('ec', {
  namedCurve: 'P-256',
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
})
const administrator = { name: 'admin', groups: ['system:masters'] }
const schema = readSchema()

const noUpstream: Upstream = {
  request: () => Promise.reject(new Error('this test has no nodes')),
  upgrade: () => Promise.reject(new Error('this test has no nodes')),
}

export interface Answer {
  readonly code: number
  readonly body: Record<string, unknown>
  readonly warnings: readonly string[]
}

export interface TestApi extends AsyncDisposable {
  readonly context: ApiContext
  /** One request as an administrator; the body is sent as JSON and the answer parsed. */
  request(method: string, path: string, body?: unknown, options?: Partial<ApiRequest>): Promise<Answer>
  /** The same with the answer's raw text. */
  text(path: string, options?: Partial<ApiRequest>): Promise<{ code: number; text: string }>
  /** One request with its answer as it is. */
  send(method: string, path: string, body?: unknown, options?: Partial<ApiRequest>): Promise<ApiResponse>
  /** The events of a watch so far; grows until the API is disposed of. */
  watch(path: string, options?: Partial<ApiRequest>): Promise<WatchedEvents>
  /** The same for a watch whose answer has not been read yet. */
  follow(answer: ApiResponse): WatchedEvents
}

export interface WatchedEvents {
  readonly events: readonly { type: string; object: Record<string, unknown> }[]
  stop(): void
  readonly ended: Promise<void>
}

export interface TestApiOptions {
  readonly clock?: Clock
  readonly log?: Log
  /** Closed with the API. In memory unless given. */
  readonly store?: Store
  readonly random?: () => number
  /** None unless given. */
  readonly startHooks?: readonly StartHook[]
  /** Whom the server passes requests on to: agents, pods. */
  readonly upstream?: Upstream
}

/**
 * The whole API over a store, with the namespace `default`, its ServiceAccount, whose token pods are not given, the service range 10.96.0.0/28 and the node ports
 * 30000–30003.
 */
export async function testApi(options: TestApiOptions = {}): Promise<TestApi> {
  const { clock = systemClock, log = silentLog, store = openSqliteStore(':memory:') } = options
  const { random = Math.random, upstream = noUpstream, startHooks = [] } = options
  const caches = new Map([['pods', { hasSynced: true }]])
  const objects = new ObjectStore(store)
  const registry = new KindRegistry(kinds)
  const end = new AbortController()
  const clusterIPs = parseCidr('10.96.0.0/28')
  if (clusterIPs === undefined) throw new Error('the range does not parse')
  const addresses = new ServiceAddressAllocator({ clusterIPs, nodePorts: { first: 30000, last: 30003 } }, random)
  const version = versionInfo('v1.36.0+test')
  const access = await accessControl({ objects, clock, signingKey, issuer }, end.signal)
  const context: ApiContext = {
    objects,
    kinds: registry,
    schema,
    access,
    admission: admissionSteps({ objects, access, addresses, random }),
    kubelets: upstream,
    backends: upstream,
    openapi: openApi(registry, schema, clock),
    version,
    metrics: new ServerMetrics({ store, kinds: registry, version }),
    address: '127.0.0.1:6443',
    health: new Health(healthChecks({ store, startHooks, caches, end: end.signal })),
    clock,
    random,
    log,
  }
  await feedServiceAddresses(objects, addresses, end.signal)
  const handler = apiHandler(context)
  const send = (method: string, path: string, body?: unknown, options: Partial<ApiRequest> = {}) => {
    const [pathname = '', search = ''] = path.split('?', 2)
    return handler({
      method,
      path: pathname,
      query: new URLSearchParams(search),
      accept: 'application/json',
      contentType: 'application/json',
      body: body === undefined ? '' : typeof body === 'string' ? body : JSON.stringify(body),
      user: administrator,
      signal: end.signal,
      ...options,
    })
  }
  const api: TestApi = {
    context,
    async request(method, path, body, options) {
      const answer = await send(method, path, body, options)
      return { code: answer.status, body: JSON.parse(textOf(answer)), warnings: answer.warnings ?? [] }
    },
    async text(path, options) {
      const answer = await send('GET', path, undefined, options)
      return { code: answer.status, text: textOf(answer) }
    },
    send,
    watch: async (path, options) => api.follow(await send('GET', path, undefined, options)),
    follow(answer) {
      const stop = new AbortController()
      if (typeof answer.body !== 'function') throw new Error(String(answer.body))
      const events: WatchedEvents['events'][number][] = []
      const ended = answer.body((chunk) => {
        for (const line of String(chunk).split('\n')) if (line !== '') events.push(JSON.parse(line))
      }, AbortSignal.any([end.signal, stop.signal]))
      return { events, stop: () => stop.abort(), ended }
    },
    async [Symbol.asyncDispose]() {
      end.abort()
      await store.close()
    },
  }
  await api.request('POST', '/api/v1/namespaces', { metadata: { name: 'default' } })
  await api.request('POST', '/api/v1/namespaces/default/serviceaccounts', {
    metadata: { name: 'default' },
    automountServiceAccountToken: false,
  })
  return api
}

function textOf({ body }: ApiResponse): string {
  if (typeof body === 'string') return body
  if (typeof body === 'object' && 'pieces' in body) return [...body.pieces()].join('')
  throw new Error('the answer is not a text that ends')
}
