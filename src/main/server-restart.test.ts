import { afterEach, beforeEach, expect, test } from 'vitest'
import { type ConfigMap, ConfigMaps } from '../api/kinds/config-map.ts'
import { keyFor } from '../apiserver/objects.ts'
import { testServer, type TestServer } from '../apiserver/test-server.ts'
import { systemClock } from '../base/clock.ts'
import { silentLog } from '../base/log.ts'
import { apiClient } from '../client/api-client.ts'
import { http2Transport, type Http2Transport } from '../client/http2-transport.ts'
import { informer } from '../client/informer.ts'
import { scratchDatabase } from '../storage/sqlite/scratch.ts'
import { openSqliteStore } from '../storage/sqlite/sqlite-store.ts'

let scratch: ReturnType<typeof scratchDatabase>
let server: TestServer
let transport: Http2Transport
let ending: AbortController

beforeEach(async () => {
  scratch = scratchDatabase()
  server = await testServer({ store: openSqliteStore(scratch.path) })
  const { ca, client } = server.pki
  transport = http2Transport({ server: `https://127.0.0.1:${server.port}`, ca, ...client })
  ending = new AbortController()
})

afterEach(async () => {
  ending.abort()
  await transport.close()
  await server[Symbol.asyncDispose]()
  scratch.remove()
})

/** What happens to the store while the server is away. */
async function restart(meanwhile: (store: ReturnType<typeof openSqliteStore>) => Promise<void> = async () => {}): Promise<void> {
  const { port } = server
  await server[Symbol.asyncDispose]()
  const store = openSqliteStore(scratch.path)
  await meanwhile(store)
  server = await testServer({ store, port })
}

function follow() {
  const cache = informer(apiClient(transport), ConfigMaps, { clock: systemClock, log: silentLog, signal: ending.signal })
  const told: string[] = []
  cache.onChange((previous: ConfigMap | undefined, next: ConfigMap | undefined) => {
    told.push(`${previous === undefined ? '+' : next === undefined ? '-' : '~'}${(next ?? previous)?.metadata.name}`)
  })
  return { told, synced: cache.synced }
}

const create = (name: string) => server.api.request('POST', '/api/v1/namespaces/default/configmaps', { metadata: { name } })

test('clients that watch go on where they were when the server comes back', async () => {
  await create('before')
  const watchers = Array.from({ length: 20 }, follow)
  await Promise.all(watchers.map(({ synced }) => synced))
  await create('watched')
  await expect.poll(() => watchers.every(({ told }) => told.length === 2)).toBe(true)
  await restart()
  await create('after')
  for (const { told } of watchers) await expect.poll(() => told).toEqual(['+before', '+watched', '+after'])
})

test('clients that watch list again if what they have missed is forgotten', async () => {
  for (const name of ['kept', 'gone']) await create(name)
  const { told } = follow()
  await expect.poll(() => told).toEqual(['+gone', '+kept'])
  await restart(async (store) => {
    const key = keyFor(ConfigMaps, 'default', 'gone')
    const entry = await store.get(key)
    await store.delete(key, entry?.modRevision ?? 0)
    await store.create('/registry/configmaps/default/other', entry?.value.replaceAll('"gone"', '"other"') ?? '')
    await store.compact(store.revision)
  })
  await expect.poll(() => told.slice(2).sort()).toEqual(['+other', '-gone'])
})
