import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openSqliteStore } from '../../storage/sqlite/sqlite-store.ts'
import type { Store } from '../../storage/store.ts'
import { testApi, type TestApi } from '../test-api.ts'
import { type CheckedParts, healthChecks, StartHook } from './checks.ts'
import { Health } from './health.ts'

const roles = new StartHook('rbac/bootstrap-roles')
let api: TestApi
beforeAll(async () => {
  api = await testApi({ startHooks: [roles] })
})
afterAll(() => api[Symbol.asyncDispose]())

const anonymous = { name: 'system:anonymous', groups: ['system:unauthenticated'] }
const text = async (path: string) => {
  const answer = await api.send('GET', path)
  return `${answer.status} ${String(answer.body)}`
}

describe('while the server starts', () => {
  test('what fails is named to everybody, and why to those who may ask for it', async () => {
    const failed =
      '[+]ping ok\n[+]etcd ok\n[+]etcd-readiness ok\n[+]informer-sync ok\n' +
      '[-]poststarthook/rbac/bootstrap-roles failed: reason withheld\n[+]shutdown ok\nreadyz check failed\n'
    expect(await text('/readyz')).toBe(`500 ${failed}`)
    expect((await api.text('/readyz', { user: anonymous })).text).toBe(failed)
    expect(await text('/readyz/poststarthook/rbac/bootstrap-roles')).toBe('500 internal server error: not finished\n')
    expect((await api.text('/readyz/ping', { user: anonymous })).code).toBe(403)
  })

  test('a check that is left out does not count', async () => {
    expect(await text('/readyz?exclude=poststarthook/rbac/bootstrap-roles')).toBe('200 ok')
  })
})

describe('once it has started', () => {
  beforeAll(() => roles.done())

  const hook = '[+]poststarthook/rbac/bootstrap-roles ok\n'
  for (const [path, answer] of [
    ['/readyz', '200 ok'],
    ['/livez/', '200 ok'],
    ['/healthz?verbose', `200 [+]ping ok\n[+]etcd ok\n${hook}healthz check passed\n`],
    ['/livez?verbose=false', `200 [+]ping ok\n[+]etcd ok\n${hook}livez check passed\n`],
    [
      '/readyz?verbose',
      `200 [+]ping ok\n[+]etcd ok\n[+]etcd-readiness ok\n[+]informer-sync ok\n${hook}[+]shutdown ok\nreadyz check passed\n`,
    ],
    ['/livez?verbose&exclude=etcd', `200 [+]ping ok\n[+]etcd excluded: ok\n${hook}livez check passed\n`],
    [
      '/livez?verbose&exclude=none&exclude=etcd&exclude=a"',
      `200 [+]ping ok\n[+]etcd excluded: ok\n${hook}warn: some health checks cannot be excluded: no matches for "a\\"","none"\nlivez check passed\n`,
    ],
    ['/readyz/etcd-readiness', '200 ok'],
    ['/healthz/poststarthook/rbac/bootstrap-roles', '200 ok'],
  ] as const) {
    test(path, async () => {
      expect(await text(path)).toBe(answer)
    })
  }

  test.each(['/livez/etcd-readiness', '/livez/nothing', '/readyz/ping/more'])('%s is not there', async (path) => {
    expect((await api.request('GET', path)).code).toBe(404)
  })

  test('every path is listed', async () => {
    const { body } = await api.request('GET', '/')
    const paths = ['/healthz', '/healthz/ping', '/readyz/shutdown', '/livez/poststarthook/rbac/bootstrap-roles', '/metrics']
    expect(body['paths']).toEqual(expect.arrayContaining([...paths, '/apis/discovery.k8s.io/v1', '/api/v1']))
  })

  test('how checks came out is told as metrics', async () => {
    await text('/livez/ping')
    const { text: told } = await api.text('/metrics/slis')
    expect(told).toContain('kubernetes_healthcheck{name="ping",type="livez"} 1\n')
    expect(told).toMatch(/kubernetes_healthchecks_total\{name="poststarthook\/rbac\/bootstrap-roles",status="error",type="readyz"\} [1-9]/)
  })
})

describe('each check', () => {
  const end = new AbortController()
  const store = openSqliteStore(':memory:')
  const parts: CheckedParts = { store, startHooks: [], caches: new Map([['pods', { hasSynced: true }]]), end: end.signal }
  const ended = new AbortController()
  ended.abort()
  const failing = (what: 'read' | 'write'): Store =>
    new Proxy(store, {
      get: (target, name) =>
        name === 'probe'
          ? (asked: string) => (asked === what ? Promise.reject(new Error('the disk is full')) : Promise.resolve())
          : Reflect.get(target, name),
    })
  afterAll(() => store.close())

  const caches = new Map([
    ['pods', { hasSynced: false }],
    ['nodes', { hasSynced: true }],
    ['services', { hasSynced: false }],
  ])
  for (const { name, change, message } of [
    { name: 'etcd', change: { store: failing('read') }, message: 'the disk is full' },
    { name: 'etcd-readiness', change: { store: failing('write') }, message: 'the disk is full' },
    { name: 'informer-sync', change: { caches: new Map() }, message: 'controllers have not been started' },
    { name: 'informer-sync', change: { caches }, message: '2 informers not started yet: [pods services]' },
    { name: 'shutdown', change: { end: ended.signal }, message: 'process is shutting down' },
  ] satisfies { name: string; change: Partial<CheckedParts>; message: string }[]) {
    test(`${name} fails when it should: ${message}`, async () => {
      const outcomes = async (checked: CheckedParts) => {
        const health = new Health(healthChecks(checked))
        return Promise.all(health.checksOf('readyz').map((check) => health.run('readyz', check)))
      }
      expect((await outcomes(parts)).filter(({ error }) => error !== undefined)).toEqual([])
      const failed = (await outcomes({ ...parts, ...change })).filter(({ error }) => error !== undefined)
      expect(failed.map(({ name: failing, error }) => [failing, error?.message])).toEqual([[name, message]])
    })
  }
})
