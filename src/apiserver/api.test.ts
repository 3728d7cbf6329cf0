import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { testApi, type Answer, type TestApi } from './test-api.ts'

let api: TestApi
beforeEach(async () => {
  api = await testApi()
})
afterEach(() => api[Symbol.asyncDispose]())

const services = '/api/v1/namespaces/default/services'
const configMaps = '/api/v1/namespaces/default/configmaps'
const pods = '/api/v1/namespaces/default/pods'

const service = (name: string, spec: object = {}) => ({ metadata: { name }, spec: { ports: [{ port: 80 }], ...spec } })
const configMap = (name: string, labels: Record<string, string> = {}) => ({ metadata: { name, labels }, data: { a: '1' } })
const pod = (name: string) => ({ metadata: { name }, spec: { containers: [{ name: 'main', image: 'busybox' }] } })

const message = ({ body }: Answer) => body['message']
const meta = ({ body }: Answer) => body['metadata'] as Record<string, unknown>
const names = ({ body }: Answer) => (body['items'] as { metadata: { name: string } }[]).map((item) => item.metadata.name)

describe('create', () => {
  test('fills in what the server owns and defaults', async () => {
    const created = await api.request('POST', services, service('web'))
    expect(created.code).toBe(201)
    expect(created.body).toMatchObject({
      kind: 'Service',
      apiVersion: 'v1',
      metadata: { name: 'web', namespace: 'default' },
      spec: { type: 'ClusterIP', sessionAffinity: 'None', ports: [{ port: 80, protocol: 'TCP', targetPort: 80 }] },
    })
    expect(meta(created)['uid']).toMatch(/^[0-9a-f-]{36}$/)
    expect(meta(created)['resourceVersion']).toMatch(/^\d+$/)
    expect(meta(created)['creationTimestamp']).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/)
    expect((await api.request('GET', `${services}/web`)).body).toEqual(created.body)
  })

  test('draws a name from generateName', async () => {
    const created = await api.request('POST', configMaps, { metadata: { generateName: 'kubia-' } })
    expect(meta(created)['name']).toMatch(/^kubia-[bcdfghjklmnpqrstvwxz2456789]{5}$/)
  })

  test('twice is refused', async () => {
    await api.request('POST', services, service('web'))
    const again = await api.request('POST', services, service('web'))
    expect(again).toMatchObject({ code: 409, body: { reason: 'AlreadyExists', message: 'services "web" already exists' } })
  })

  test('in a namespace that does not exist is refused', async () => {
    const created = await api.request('POST', '/api/v1/namespaces/nowhere/services', service('web'))
    expect(created).toMatchObject({ code: 404, body: { message: 'namespaces "nowhere" not found' } })
  })

  test('as a dry run answers as if it were, and stores nothing', async () => {
    expect((await api.request('POST', `${services}?dryRun=All`, service('web'))).code).toBe(201)
    expect((await api.request('GET', `${services}/web`)).code).toBe(404)
    for (let i = 0; i < 30; i += 1) await api.request('POST', `${services}?dryRun=All`, service('web'))
    expect((await api.request('POST', services, service('web'))).code).toBe(201)
  })
})

describe('bad input', () => {
  const cases: { name: string; body: unknown; query?: string; code: number; says: string; contentType?: string }[] = [
    { name: 'no JSON', body: '{"metadata"', code: 400, says: '' },
    { name: 'a list', body: [], code: 400, says: 'must be a Service object' },
    { name: 'another kind', body: { kind: 'Pod', apiVersion: 'v1' }, code: 400, says: 'no kind match' },
    { name: 'another version', body: { kind: 'Service', apiVersion: 'v2' }, code: 400, says: 'does not match the expected API version (v1)' },
    { name: 'a wrong type', body: service('web', { ports: [{ port: 'x' }] }), code: 400, says: 'json: cannot unmarshal string into Go struct field ServicePort.spec.ports.port of type int32' },
    { name: 'an unknown field, strictly', body: service('web', { prts: 1 }), query: '?fieldValidation=Strict', code: 400, says: 'strict decoding error: unknown field "spec.prts"' },
    { name: 'a bad name', body: service('Web!'), code: 422, says: 'metadata.name: Invalid value: "Web!"' },
    { name: 'another namespace', body: { ...service('web'), metadata: { name: 'web', namespace: 'other' } }, code: 400, says: 'does not match the namespace sent on the request' },
    { name: 'no ports', body: { metadata: { name: 'web' }, spec: {} }, code: 422, says: 'spec.ports: Required value' },
    { name: 'CBOR', body: 'k8s', contentType: 'application/cbor', code: 415, says: 'unknown format' },
    { name: 'an unknown dry run', body: service('web'), query: '?dryRun=Some', code: 422, says: 'supported values: "All"' },
  ]
  for (const { name, body, query = '', code, says, contentType = 'application/json' } of cases) {
    test(`${name} is refused and stored nowhere`, async () => {
      const answer = await api.request('POST', services + query, body, { contentType })
      expect(answer).toMatchObject({ code, body: { kind: 'Status', status: 'Failure', code } })
      expect(message(answer)).toContain(says)
      expect(names(await api.request('GET', services))).toEqual([])
    })
  }

  test('an unknown field is left out and warned of by default', async () => {
    const answer = await api.request('POST', services, service('web', { prts: 1 }))
    expect(answer).toMatchObject({ code: 201, warnings: ['unknown field "spec.prts"'] })
    expect(answer.body['spec']).not.toHaveProperty('prts')
  })

  for (const [method, path, code] of [
    ['GET', '/api/v1/namespaces/default/gadgets', 404],
    ['GET', '/apis/example.com/v1/gadgets', 404],
    ['GET', '/nothing', 404],
    ['GET', '/api/v1/namespaces/%zz/pods', 400],
    ['BREW', '/api/v1/pods', 405],
    ['POST', '/api/v1/pods', 405],
    ['GET', '/api/v1/pods?labelSelector=a in', 400],
    ['GET', '/api/v1/pods?limit=-1', 400],
    ['GET', '/api/v1/pods?continue=nonsense', 400],
  ] as const) {
    test(`${method} ${path} is ${code}`, async () => {
      const body = method === 'POST' ? pod('web') : undefined
      expect(await api.request(method, path, body)).toMatchObject({ code, body: { kind: 'Status', code } })
    })
  }
})

describe('list', () => {
  beforeEach(async () => {
    for (const [name, app] of [['a', 'x'], ['b', 'y'], ['c', 'x'], ['d', 'x']] as const) {
      await api.request('POST', configMaps, configMap(name, { app }))
    }
  })

  test('selects by labels and fields', async () => {
    expect(names(await api.request('GET', `${configMaps}?labelSelector=app%3Dx`))).toEqual(['a', 'c', 'd'])
    expect(names(await api.request('GET', `${configMaps}?fieldSelector=metadata.name%3Db`))).toEqual(['b'])
  })

  test('comes in pages of one revision', async () => {
    const first = await api.request('GET', `${configMaps}?limit=3`)
    expect(names(first)).toEqual(['a', 'b', 'c'])
    expect(meta(first)['remainingItemCount']).toBe(1)
    await api.request('POST', configMaps, configMap('e'))
    const second = await api.request('GET', `${configMaps}?limit=3&continue=${String(meta(first)['continue'])}`)
    expect(names(second)).toEqual(['d'])
    expect(meta(second)).toEqual({ resourceVersion: meta(first)['resourceVersion'] })
  })

  test('fills its pages though a selector passes most over', async () => {
    const first = await api.request('GET', `${configMaps}?limit=2&labelSelector=app%3Dx`)
    expect(names(first)).toEqual(['a', 'c'])
    const second = await api.request('GET', `${configMaps}?limit=2&labelSelector=app%3Dx&continue=${String(meta(first)['continue'])}`)
    expect(names(second)).toEqual(['d'])
  })

  test('is a table for those who prefer one', async () => {
    const accept = 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json'
    const { body } = await api.request('GET', `${configMaps}?limit=1`, undefined, { accept })
    expect(body).toMatchObject({ kind: 'Table', rows: [{ cells: ['a', 1, expect.any(String)] }] })
    expect((body['columnDefinitions'] as { name: string }[]).map(({ name }) => name)).toEqual(['Name', 'Data', 'Age'])
  })

  test('is metadata alone for those who prefer that', async () => {
    const accept = 'application/vnd.kubernetes.protobuf,application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io'
    const { body } = await api.request('GET', configMaps, undefined, { accept })
    expect(body['kind']).toBe('PartialObjectMetadataList')
    expect((body['items'] as object[])[0]).not.toHaveProperty('data')
  })

  test('is refused to those who take nothing that we have', async () => {
    expect((await api.request('GET', configMaps, undefined, { accept: 'application/cbor' })).code).toBe(406)
  })
})

describe('update and patch', () => {
  const patch = (path: string, body: unknown, type: string) =>
    api.request('PATCH', path, body, { contentType: `application/${type}+json` })

  test('a stale resourceVersion is a conflict', async () => {
    const created = await api.request('POST', configMaps, configMap('a'))
    await patch(`${configMaps}/a`, { data: { b: '2' } }, 'merge-patch')
    const stale = await api.request('PUT', `${configMaps}/a`, created.body)
    expect(stale).toMatchObject({ code: 409, body: { reason: 'Conflict' } })
    expect(message(stale)).toContain('the object has been modified; please apply your changes to the latest version')
  })

  test('without a resourceVersion replaces whatever is there', async () => {
    await api.request('POST', configMaps, configMap('a'))
    const updated = await api.request('PUT', `${configMaps}/a`, { metadata: { name: 'a' }, data: { z: '9' } })
    expect(updated).toMatchObject({ code: 200, body: { data: { z: '9' } } })
  })

  test('what changes nothing writes nothing', async () => {
    const created = await api.request('POST', configMaps, configMap('a'))
    const same = await patch(`${configMaps}/a`, { data: { a: '1' } }, 'strategic-merge-patch')
    expect(meta(same)['resourceVersion']).toBe(meta(created)['resourceVersion'])
  })

  test('each kind of patch does what its RFC or upstream says', async () => {
    await api.request('POST', services, service('web', { ports: [{ name: 'a', port: 80 }, { name: 'b', port: 81 }] }))
    const strategic = await patch(`${services}/web`, { spec: { ports: [{ port: 81, name: 'c' }] } }, 'strategic-merge-patch')
    expect(strategic.body).toMatchObject({ spec: { ports: [{ name: 'a', port: 80 }, { name: 'c', port: 81 }] } })
    const merged = await patch(`${services}/web`, { metadata: { labels: { x: 'y' } } }, 'merge-patch')
    expect(merged.body).toMatchObject({ metadata: { labels: { x: 'y' } } })
    const json = await patch(`${services}/web`, [{ op: 'remove', path: '/metadata/labels/x' }], 'json-patch')
    expect(meta(json)['labels'] ?? {}).toEqual({})
    expect((await patch(`${services}/web`, [{ op: 'remove', path: '/metadata/labels/x' }], 'json-patch')).code).toBe(422)
    expect((await patch(`${services}/web`, {}, 'other')).code).toBe(415)
  })

  test('a patch cannot rename', async () => {
    await api.request('POST', configMaps, configMap('a'))
    expect((await patch(`${configMaps}/a`, { metadata: { name: 'b' } }, 'merge-patch')).code).toBe(400)
  })

  test('status and object are written apart', async () => {
    await api.request('POST', pods, pod('web'))
    const viaObject = await patch(`${pods}/web`, { status: { message: 'no' }, metadata: { labels: { a: 'b' } } }, 'merge-patch')
    expect(viaObject.body).toMatchObject({ metadata: { labels: { a: 'b' } }, status: { phase: 'Pending' } })
    expect(viaObject.body['status']).not.toHaveProperty('message')
    const viaStatus = await patch(`${pods}/web/status`, { status: { message: 'yes' }, metadata: { labels: { a: 'c' } } }, 'merge-patch')
    expect(viaStatus.body).toMatchObject({ metadata: { labels: { a: 'b' } }, status: { message: 'yes' } })
  })

  test('two writers at once both get through', async () => {
    await api.request('POST', configMaps, configMap('a'))
    await Promise.all(['x', 'y', 'z'].map((key) => patch(`${configMaps}/a`, { data: { [key]: '1' } }, 'merge-patch')))
    expect((await api.request('GET', `${configMaps}/a`)).body['data']).toEqual({ a: '1', x: '1', y: '1', z: '1' })
  })
})

describe('scale', () => {
  const controllers = '/api/v1/namespaces/default/replicationcontrollers'
  const template = { metadata: { labels: { app: 'kubia' } }, spec: { containers: [{ name: 'kubia', image: 'luksa/kubia' }] } }

  test('reads and writes the number of replicas', async () => {
    await api.request('POST', controllers, { metadata: { name: 'kubia' }, spec: { replicas: 3, template } })
    const scale = await api.request('GET', `${controllers}/kubia/scale`)
    expect(scale.body).toMatchObject({ kind: 'Scale', spec: { replicas: 3 }, status: { replicas: 0, selector: 'app=kubia' } })
    const body = { ...scale.body, spec: { replicas: 5 } }
    expect(await api.request('PUT', `${controllers}/kubia/scale`, body)).toMatchObject({ code: 200, body: { spec: { replicas: 5 } } })
    expect(await api.request('PUT', `${controllers}/kubia/scale`, body)).toMatchObject({ code: 409 })
    const negative = await api.request('PATCH', `${controllers}/kubia/scale`, { spec: { replicas: -1 } }, { contentType: 'application/merge-patch+json' })
    expect(negative.code).toBe(422)
    expect((await api.request('GET', `${controllers}/kubia`)).body).toMatchObject({ spec: { replicas: 5 } })
  })
})

describe('delete', () => {
  test('removes the object', async () => {
    await api.request('POST', configMaps, configMap('a'))
    expect(await api.request('DELETE', `${configMaps}/a`)).toMatchObject({ code: 200, body: { status: 'Success' } })
    expect((await api.request('GET', `${configMaps}/a`)).code).toBe(404)
  })

  test('of another uid is refused', async () => {
    await api.request('POST', configMaps, configMap('a'))
    const answer = await api.request('DELETE', `${configMaps}/a`, { preconditions: { uid: 'other' } })
    expect(answer).toMatchObject({ code: 409, body: { reason: 'Conflict' } })
  })

  test('waits for finalizers', async () => {
    await api.request('POST', configMaps, { metadata: { name: 'a', finalizers: ['example.com/wait'] } })
    await api.request('DELETE', `${configMaps}/a`)
    const held = await api.request('GET', `${configMaps}/a`)
    expect(meta(held)['deletionTimestamp']).toBeDefined()
    await api.request('PATCH', `${configMaps}/a`, { metadata: { finalizers: null } }, { contentType: 'application/merge-patch+json' })
    expect((await api.request('GET', `${configMaps}/a`)).code).toBe(404)
  })

  test('of a running pod waits for its node; without grace it does not', async () => {
    await api.request('POST', pods, pod('web'))
    const binding = { target: { kind: 'Node', name: 'node-1' } }
    expect((await api.request('POST', `${pods}/web/binding`, binding)).code).toBe(201)
    expect((await api.request('POST', `${pods}/web/binding`, binding)).code).toBe(409)
    const deleted = await api.request('DELETE', `${pods}/web`)
    expect(meta(deleted)).toMatchObject({ deletionGracePeriodSeconds: 30, deletionTimestamp: expect.any(String) })
    await api.request('DELETE', `${pods}/web`, { gracePeriodSeconds: 0 })
    expect((await api.request('GET', `${pods}/web`)).code).toBe(404)
  })

  test('of a pod without a node is immediate', async () => {
    await api.request('POST', pods, pod('web'))
    await api.request('DELETE', `${pods}/web`)
    expect((await api.request('GET', `${pods}/web`)).code).toBe(404)
  })

  test('of a collection takes what is selected', async () => {
    for (const name of ['a', 'b', 'c']) await api.request('POST', configMaps, configMap(name, { app: name === 'b' ? 'y' : 'x' }))
    await api.request('DELETE', `${configMaps}?labelSelector=app%3Dx`)
    expect(names(await api.request('GET', configMaps))).toEqual(['b'])
  })

  test('of a namespace marks it; it goes when it has been finalized', async () => {
    await api.request('POST', '/api/v1/namespaces', { metadata: { name: 'team' } })
    await api.request('DELETE', '/api/v1/namespaces/team')
    const held = await api.request('GET', '/api/v1/namespaces/team')
    expect(held.body).toMatchObject({ status: { phase: 'Terminating' } })
    const refused = await api.request('POST', '/api/v1/namespaces/team/configmaps', configMap('a'))
    expect(refused).toMatchObject({ code: 403, body: { reason: 'Forbidden' } })
    await api.request('PUT', '/api/v1/namespaces/team/finalize', { ...held.body, spec: { finalizers: [] } })
    expect((await api.request('GET', '/api/v1/namespaces/team')).code).toBe(404)
    expect((await api.request('DELETE', '/api/v1/namespaces/default')).code).toBe(403)
  })
})

describe('watch', () => {
  test('reports what comes after a revision, and only what is selected', async () => {
    await api.request('POST', configMaps, configMap('old', { app: 'x' }))
    const { body } = await api.request('GET', configMaps)
    const version = (body['metadata'] as { resourceVersion: string }).resourceVersion
    const { events } = await api.watch(`${configMaps}?watch=1&labelSelector=app%3Dx&resourceVersion=${version}`)
    await api.request('POST', configMaps, configMap('in', { app: 'x' }))
    await api.request('POST', configMaps, configMap('out', { app: 'y' }))
    const relabel = (name: string, app: string) =>
      api.request('PATCH', `${configMaps}/${name}`, { metadata: { labels: { app } } }, { contentType: 'application/merge-patch+json' })
    await relabel('out', 'x')
    await relabel('in', 'y')
    await api.request('DELETE', `${configMaps}/old`)
    const seen = events.map(({ type, object }) => `${type} ${(object['metadata'] as { name: string }).name}`)
    expect(seen).toEqual(['ADDED in', 'ADDED out', 'DELETED in', 'DELETED old'])
    const versions = events.map(({ object }) => Number((object['metadata'] as { resourceVersion: string }).resourceVersion))
    expect(versions).toEqual([...versions].sort((a, b) => a - b))
  })

  test('without a revision begins with what is there', async () => {
    await api.request('POST', configMaps, configMap('a'))
    const { events } = await api.watch(`${configMaps}?watch=true`)
    expect(events.map(({ type }) => type)).toEqual(['ADDED'])
  })

  test('with initial events marks their end', async () => {
    await api.request('POST', configMaps, configMap('a'))
    const { events } = await api.watch(
      `${configMaps}?watch=true&sendInitialEvents=true&allowWatchBookmarks=true&resourceVersionMatch=NotOlderThan`,
    )
    expect(events.map(({ type }) => type)).toEqual(['ADDED', 'BOOKMARK'])
    expect(events[1]?.object).toMatchObject({ metadata: { annotations: { 'k8s.io/initial-events-end': 'true' } } })
  })

  test('from a revision that is gone is told so', async () => {
    await api.request('POST', configMaps, configMap('a'))
    await api.request('POST', configMaps, configMap('b'))
    await api.context.objects.store.compact(api.context.objects.store.revision)
    const answer = await api.request('GET', `${configMaps}?watch=1&resourceVersion=1`)
    expect(answer).toMatchObject({ code: 410, body: { reason: 'Expired' } })
  })
})

describe('addresses of Services', () => {
  const clusterIP = ({ body }: Answer) => (body['spec'] as { clusterIP: string }).clusterIP

  test('are from the range, each given once, and free again after the Service', async () => {
    const given = new Set<string>()
    for (let i = 0; i < 14; i += 1) given.add(clusterIP(await api.request('POST', services, service(`s${i}`))))
    expect(given.size).toBe(14)
    for (const address of given) expect(address).toMatch(/^10\.96\.0\.([1-9]|1[0-4])$/)
    const full = await api.request('POST', services, service('more'))
    expect(message(full)).toContain('range is full')
    await api.request('DELETE', `${services}/s3`)
    expect((await api.request('POST', services, service('more'))).code).toBe(201)
  })

  test('are given once though many ask at the same time', async () => {
    const answers = await Promise.all(Array.from({ length: 14 }, (_, i) => api.request('POST', services, service(`s${i}`))))
    expect(new Set(answers.map(clusterIP)).size).toBe(14)
  })

  test('can be chosen, if they are free and in the range', async () => {
    expect(clusterIP(await api.request('POST', services, service('a', { clusterIP: '10.96.0.7' })))).toBe('10.96.0.7')
    const taken = await api.request('POST', services, service('b', { clusterIP: '10.96.0.7' }))
    expect(taken.code).toBe(422)
    expect(message(taken)).toContain('failed to allocate IP 10.96.0.7: provided IP is already allocated')
    const outside = await api.request('POST', services, service('c', { clusterIP: '10.1.1.1' }))
    expect(message(outside)).toContain('10.96.0.0/28')
  })

  test('stay through updates that do not name them', async () => {
    const before = clusterIP(await api.request('POST', services, service('a')))
    const after = await api.request('PUT', `${services}/a`, service('a', { ports: [{ port: 81 }] }))
    expect(clusterIP(after)).toBe(before)
  })

  test('node ports are drawn from their range, or refused in Kubernetes’ words', async () => {
    const nodePort = (name: string, port?: number) =>
      api.request('POST', services, service(name, { type: 'NodePort', ports: [{ port: 80, ...(port && { nodePort: port }) }] }))
    expect((await nodePort('a', 30001)).body).toMatchObject({ spec: { ports: [{ nodePort: 30001 }] } })
    expect(message(await nodePort('b', 30001))).toContain('spec.ports[0].nodePort: Invalid value: 30001: provided port is already allocated')
    expect(message(await nodePort('b', 80))).toContain(
      'provided port is not in the valid range. The range of valid ports is 30000-30003',
    )
    const drawn = (await nodePort('c')).body['spec'] as { ports: { nodePort: number }[] }
    expect(drawn.ports[0]?.nodePort).toBeGreaterThanOrEqual(30000)
  })
})

describe('discovery', () => {
  test('lists groups, versions and resources', async () => {
    expect((await api.request('GET', '/api')).body).toMatchObject({ kind: 'APIVersions', versions: ['v1'] })
    const { body } = await api.request('GET', '/apis')
    expect((body['groups'] as { name: string }[]).map(({ name }) => name)).toContain('discovery.k8s.io')
    const core = await api.request('GET', '/api/v1')
    const resources = core.body['resources'] as { name: string; shortNames?: string[] }[]
    expect(resources.map(({ name }) => name)).toEqual(expect.arrayContaining(['pods', 'pods/log', 'pods/exec', 'replicationcontrollers/scale']))
    expect(resources.find(({ name }) => name === 'services')?.shortNames).toEqual(['svc'])
  })

  test('comes in one piece for those who ask for it', async () => {
    const accept = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json'
    const { body } = await api.request('GET', '/api', undefined, { accept })
    expect(body).toMatchObject({
      kind: 'APIGroupDiscoveryList',
      items: [{ metadata: { name: '' }, versions: [{ version: 'v1', freshness: 'Current' }] }],
    })
    const groups = await api.request('GET', '/apis', undefined, { accept })
    expect((groups.body['items'] as { metadata: { name: string } }[]).map(({ metadata }) => metadata.name)).toContain(
      'discovery.k8s.io',
    )
  })

  test('is not for those who have not authenticated; health is', async () => {
    const user = { name: 'system:anonymous', groups: ['system:unauthenticated'] }
    expect((await api.request('GET', '/api', undefined, { user })).code).toBe(403)
    expect(await api.text('/readyz', { user })).toEqual({ code: 200, text: 'ok' })
    const listing = await api.request('GET', pods, undefined, { user })
    expect(listing.code).toBe(403)
    expect(message(listing)).toBe(
      'pods is forbidden: User "system:anonymous" cannot list resource "pods" in API group "" in the namespace "default"',
    )
  })
})
