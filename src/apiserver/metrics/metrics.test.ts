import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { User } from '../request.ts'
import { testApi, type TestApi } from '../test-api.ts'

let api: TestApi
beforeAll(async () => {
  api = await testApi()
})
afterAll(() => api[Symbol.asyncDispose]())

const configMaps = '/api/v1/namespaces/default/configmaps'

/** Samples by what is before their value: `{ 'a{b="c"}': 1 }`. */
async function samples(): Promise<Map<string, number>> {
  const { code, text } = await api.text('/metrics')
  expect(code).toBe(200)
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  return new Map(lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ') + 1))]))
}

/** What an act adds to each sample that it changes. */
async function changes(act: () => Promise<unknown>): Promise<Record<string, number>> {
  const before = await samples()
  await act()
  const after = await samples()
  const differences = [...after].map(([name, value]) => [name, value - (before.get(name) ?? 0)] as const)
  return Object.fromEntries(differences.filter(([, difference]) => difference !== 0))
}

const labels = (verb: string, scope: string, more: { subresource?: string; dryRun?: string; group?: string; resource?: string; version?: string } = {}) => {
  const { subresource = '', dryRun = '', group = '', resource = 'configmaps', version = 'v1' } = more
  const object = `group="${group}",version="${version}",resource="${resource}"`
  return `verb="${verb}",${object},subresource="${subresource}",scope="${scope}",component="apiserver",dry_run="${dryRun}"`
}

describe('each request is counted and timed', () => {
  const apply = { contentType: 'application/apply-patch+yaml' }
  const merge = { contentType: 'application/merge-patch+json' }
  const configMap = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' } }
  const review = { spec: { resourceAttributes: { verb: 'get', resource: 'pods' } } }
  const none = { group: '', version: '', resource: '' }
  const cases: { name: string; send: Parameters<TestApi['send']>; labels: string; code: number }[] = [
    { name: 'a create', send: ['POST', configMaps, configMap], labels: labels('POST', 'resource'), code: 201 },
    {
      name: 'a dry run',
      send: ['POST', `${configMaps}?dryRun=All`, { metadata: { name: 'b' } }],
      labels: labels('POST', 'resource', { dryRun: 'All' }),
      code: 201,
    },
    { name: 'a get', send: ['GET', `${configMaps}/a`], labels: labels('GET', 'resource'), code: 200 },
    { name: 'a get of what is not there', send: ['GET', `${configMaps}/z`], labels: labels('GET', 'resource'), code: 404 },
    { name: 'a list', send: ['GET', configMaps], labels: labels('LIST', 'namespace'), code: 200 },
    { name: 'a list of all', send: ['GET', '/api/v1/configmaps'], labels: labels('LIST', 'cluster'), code: 200 },
    { name: 'an update', send: ['PUT', `${configMaps}/a`, configMap], labels: labels('PUT', 'resource'), code: 200 },
    { name: 'a patch', send: ['PATCH', `${configMaps}/a`, {}, merge], labels: labels('PATCH', 'resource'), code: 200 },
    {
      name: 'an apply',
      send: ['PATCH', `${configMaps}/a?fieldManager=me`, configMap, apply],
      labels: labels('APPLY', 'resource'),
      code: 200,
    },
    { name: 'a delete', send: ['DELETE', `${configMaps}/a`], labels: labels('DELETE', 'resource'), code: 200 },
    { name: 'a delete of all', send: ['DELETE', configMaps], labels: labels('DELETECOLLECTION', 'namespace'), code: 200 },
    {
      name: 'a subresource',
      send: ['GET', '/api/v1/namespaces/default/pods/a/status'],
      labels: labels('GET', 'resource', { resource: 'pods', subresource: 'status' }),
      code: 404,
    },
    {
      name: 'exec',
      send: ['POST', '/api/v1/namespaces/default/pods/a/exec'],
      labels: labels('CONNECT', 'resource', { resource: 'pods', subresource: 'exec' }),
      code: 400,
    },
    {
      name: 'a question',
      send: ['POST', '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', review],
      labels: labels('POST', 'resource', { group: 'authorization.k8s.io', resource: 'selfsubjectaccessreviews' }),
      code: 201,
    },
    { name: 'health', send: ['GET', '/readyz'], labels: labels('GET', '', { ...none, subresource: '/readyz' }), code: 200 },
    // Whoever asks for what is not there could otherwise fill the server's memory.
    { name: 'no such kind', send: ['GET', '/apis/x.example/v7/things/a'], labels: labels('GET', '', none), code: 404 },
    { name: 'no such path', send: ['GET', '/nothing'], labels: labels('GET', '', none), code: 404 },
    { name: 'no such method', send: ['FETCH', '/version'], labels: labels('other', '', { ...none, subresource: '/version' }), code: 405 },
    {
      name: 'no such subresource',
      send: ['GET', `${configMaps}/a/nothing`],
      labels: labels('GET', 'resource'),
      code: 404,
    },
    { name: 'broken encoding', send: ['GET', '/api/v1/namespaces/%zz/pods'], labels: labels('GET', '', none), code: 400 },
  ]
  for (const { name, send, labels, code } of cases) {
    test(name, async () => {
      const changed = await changes(() => api.send(...send))
      expect(changed).toMatchObject({
        [`apiserver_request_total{${labels},code="${code}"}`]: 1,
        [`apiserver_request_duration_seconds_count{${labels}}`]: 1,
        [`apiserver_request_duration_seconds_bucket{${labels},le="+Inf"}`]: 1,
      })
    })
  }
})

test('a watch counts as open, its events as sent, and its request when it has ended', async () => {
  const open = `apiserver_longrunning_requests{${labels('WATCH', 'namespace').replace(',dry_run=""', '')}}`
  const total = `apiserver_request_total{${labels('WATCH', 'namespace')},code="200"}`
  const sent = 'apiserver_watch_events_total{group="",version="v1",resource="configmaps"}'
  const create = (name: string, shown: string) => api.request('POST', configMaps, { metadata: { name, labels: { shown } } })
  await create('initial', 'yes')
  await create('initial-hidden', 'no')
  const watch = await api.watch(`${configMaps}?watch=1&labelSelector=shown%3Dyes`)
  await create('later-hidden', 'no')
  await create('later', 'yes')
  await expect.poll(() => watch.events.length).toBe(2)
  const during = await samples()
  expect([during.get(open), during.get(total), during.get(sent)]).toEqual([1, undefined, 2])
  watch.stop()
  await watch.ended
  const after = await samples()
  expect([after.get(open), after.get(total), after.get(sent)]).toEqual([0, 1, 2])
})

test('what is stored, what runs and what the process takes is told', async () => {
  const changed = await changes(() => api.request('POST', configMaps, { metadata: { name: 'stored' } }))
  expect(changed).toMatchObject({
    'apiserver_storage_objects{resource="configmaps"}': 1,
    'apiserver_resource_objects{group="",resource="configmaps"}': 1,
    portolan_storage_revision: 1,
  })
  const now = await samples()
  expect(now.get('apiserver_storage_objects{resource="endpointslices.discovery.k8s.io"}')).toBe(0)
  expect(now.get('apiserver_current_inflight_requests{request_kind="readOnly"}')).toBe(1)
  const positive = [
    'process_cpu_seconds_total',
    'process_start_time_seconds',
    'process_resident_memory_bytes',
    'process_virtual_memory_bytes',
    'process_open_fds',
    'process_max_fds',
    'nodejs_heap_size_used_bytes',
    `nodejs_version_info{version="${process.version}"}`,
  ]
  expect(positive.filter((name) => !((now.get(name) ?? 0) > 0))).toEqual([])
  expect([...now.keys()].find((name) => name.startsWith('kubernetes_build_info'))).toContain('git_version="v1.36.0+test"')
  expect([...now].filter(([, value]) => Number.isNaN(value))).toEqual([])
})

test('only who may read them gets them', async () => {
  const asked = async (user: User) => (await api.text('/metrics', { user })).code
  const role = { metadata: { name: 'reads-metrics' }, rules: [{ nonResourceURLs: ['/metrics'], verbs: ['get'] }] }
  const binding = {
    metadata: { name: 'reads-metrics' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'reads-metrics' },
    subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'prometheus' }],
  }
  await api.request('POST', '/apis/rbac.authorization.k8s.io/v1/clusterroles', role)
  await api.request('POST', '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings', binding)
  expect(await asked({ name: 'prometheus', groups: ['system:authenticated'] })).toBe(200)
  expect(await asked({ name: 'ada', groups: ['system:authenticated'] })).toBe(403)
  expect(await asked({ name: 'system:anonymous', groups: ['system:unauthenticated'] })).toBe(403)
})
