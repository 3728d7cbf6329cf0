import { kinds } from '../api/kinds/index.ts'
import { readSchema } from '../api/schema/schema-file.ts'
import { parseCidr } from '../base/ip.ts'
import { systemClock, type Clock } from '../base/clock.ts'
import { type Log, silentLog } from '../base/log.ts'
import type { Store } from '../storage/store.ts'
import { openSqliteStore } from '../storage/sqlite/sqlite-store.ts'
import { admissionSteps } from './admission/index.ts'
import { ServiceAddressAllocator } from './admission/service-address-allocator.ts'
import type { ApiContext } from './context.ts'
import { apiHandler } from './handler.ts'
import { KindRegistry } from './kind-registry.ts'
import type { Kubelets } from './kubelets.ts'
import { ObjectStore } from './objects.ts'
import { openApi } from './openapi.ts'
import type { ApiRequest } from './request.ts'
import { feedServiceAddresses } from './service-address-feed.ts'
import { versionInfo } from './version.ts'

const administrator = { name: 'admin', groups: ['system:masters'] }
const schema = readSchema()

const noKubelets: Kubelets = {
  get: () => Promise.reject(new Error('this test has no nodes')),
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
  /** The events of a watch so far; grows until the API is disposed of. */
  watch(path: string): Promise<WatchedEvents>
}

export interface WatchedEvents {
  readonly events: readonly { type: string; object: Record<string, unknown> }[]
  stop(): void
}

export interface TestApiOptions {
  readonly clock?: Clock
  readonly log?: Log
  /** Closed with the API. In memory unless given. */
  readonly store?: Store
  readonly random?: () => number
}

/**
 * The whole API over a store, with the namespace `default`, the service range 10.96.0.0/28 and the node ports
 * 30000–30003.
 */
export async function testApi(options: TestApiOptions = {}): Promise<TestApi> {
  const { clock = systemClock, log = silentLog, store = openSqliteStore(':memory:'), random = Math.random } = options
  const objects = new ObjectStore(store)
  const registry = new KindRegistry(kinds)
  const end = new AbortController()
  const clusterIPs = parseCidr('10.96.0.0/28')
  if (clusterIPs === undefined) throw new Error('the range does not parse')
  const addresses = new ServiceAddressAllocator({ clusterIPs, nodePorts: { first: 30000, last: 30003 } }, random)
  const context: ApiContext = {
    objects,
    kinds: registry,
    schema,
    admission: admissionSteps(objects, addresses),
    kubelets: noKubelets,
    openapi: openApi(registry, schema),
    version: versionInfo('v1.36.0+test'),
    address: '127.0.0.1:6443',
    notReadyReasons: () => [],
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
      if (typeof answer.body !== 'string') throw new Error(`${path} streams`)
      return { code: answer.status, body: JSON.parse(answer.body), warnings: answer.warnings ?? [] }
    },
    async text(path, options) {
      const answer = await send('GET', path, undefined, options)
      if (typeof answer.body !== 'string') throw new Error(`${path} streams`)
      return { code: answer.status, text: answer.body }
    },
    async watch(path) {
      const stop = new AbortController()
      const answer = await send('GET', path)
      if (typeof answer.body !== 'function') throw new Error(String(answer.body))
      const events: WatchedEvents['events'][number][] = []
      void answer.body((chunk) => {
        for (const line of String(chunk).split('\n')) if (line !== '') events.push(JSON.parse(line))
      }, AbortSignal.any([end.signal, stop.signal]))
      return { events, stop: () => stop.abort() }
    },
    async [Symbol.asyncDispose]() {
      end.abort()
      await store.close()
    },
  }
  await api.request('POST', '/api/v1/namespaces', { metadata: { name: 'default' } })
  return api
}
