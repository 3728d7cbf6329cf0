import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { testApi, type Answer, type TestApi } from '../test-api.ts'

let api: TestApi
beforeEach(async () => {
  api = await testApi()
})
afterEach(() => api[Symbol.asyncDispose]())

const configMaps = '/api/v1/namespaces/default/configmaps'
const pods = '/api/v1/namespaces/default/pods'
const controllers = '/api/v1/namespaces/default/replicationcontrollers'
const template = {
  metadata: { labels: { app: 'kubia' } },
  spec: { containers: [{ name: 'kubia', image: 'luksa/kubia' }] },
}
const pod = (nodeName?: string) => ({
  metadata: { name: 'web' },
  spec: { ...template.spec, ...(nodeName && { nodeName }) },
})
const meta = ({ body }: Answer) => body['metadata'] as Record<string, unknown>
const mergePatch = (path: string, body: unknown) =>
  api.request('PATCH', path, body, { contentType: 'application/merge-patch+json' })

/** What came of a write. A refusal that is no `Status` has no code. */
async function outcome(send: () => Promise<Answer>): Promise<{ code: unknown; message: unknown; stored: boolean }> {
  const { revision } = api.context.objects.store
  const { code, body } = await send()
  const { code: told, message } = body
  return { code: code < 400 ? code : told, message, stored: api.context.objects.store.revision !== revision }
}

const refused = (code: number, says = '') => ({ code, message: expect.stringContaining(says), stored: false })

describe('a write to a status', () => {
  const deployments = '/apis/apps/v1/namespaces/default/deployments'
  const spec = { selector: { matchLabels: { app: 'kubia' } }, template }
  beforeEach(async () => {
    const metadata = { name: 'kubia', labels: { a: 'b' }, annotations: { kept: 'yes' } }
    await api.request('POST', deployments, { metadata, spec })
  })

  test('changes annotations too, and no generation', async () => {
    const metadata = { labels: { a: 'c' }, annotations: { revision: '1' } }
    const answer = await mergePatch(`${deployments}/kubia/status`, { metadata, status: { replicas: 1 } })
    expect(answer).toMatchObject({ code: 200, body: { status: { replicas: 1 } } })
    expect(meta(answer)).toMatchObject({ annotations: { kept: 'yes', revision: '1' }, labels: { a: 'b' }, generation: 1 })
    const put = await api.request('PUT', `${deployments}/kubia/status`, { metadata: { name: 'kubia' }, status: {} })
    expect(meta(put)).not.toHaveProperty('annotations')
  })

  test('is refused with annotations that are none', async () => {
    const body = { metadata: { annotations: { 'a b': '' } } }
    expect(await outcome(() => mergePatch(`${deployments}/kubia/status`, body))).toEqual(
      refused(422, 'metadata.annotations: Invalid value: "a b"'),
    )
  })

})

describe('a dry run', () => {
  test('of a create has no version yet, and fails where the create would', async () => {
    const created = await api.request('POST', `${configMaps}?dryRun=All`, { metadata: { name: 'a' } })
    expect(created).toMatchObject({ code: 201, body: { metadata: { name: 'a', resourceVersion: '' } } })
    await api.request('POST', configMaps, { metadata: { name: 'a' } })
    expect(await outcome(() => api.request('POST', `${configMaps}?dryRun=All`, { metadata: { name: 'a' } }))).toEqual(
      refused(409, 'already exists'),
    )
  })

  test('of anything else stores nothing either', async () => {
    await api.request('POST', pods, pod())
    await api.request('POST', controllers, { metadata: { name: 'kubia' }, spec: { template } })
    await api.request('POST', '/api/v1/namespaces', { metadata: { name: 'team' } })
    const { revision } = api.context.objects.store
    for (const [method, path, body, code] of [
      ['PUT', `${pods}/web`, { ...pod(), metadata: { name: 'web', labels: { a: 'b' } } }, 200],
      ['POST', `${pods}/web/binding`, { target: { name: 'node-1' } }, 201],
      ['PUT', `${pods}/web/status`, { metadata: { name: 'web' }, status: { phase: 'Running' } }, 200],
      ['PUT', `${controllers}/kubia/scale`, { spec: { replicas: 7 } }, 200],
      ['PUT', '/api/v1/namespaces/team/finalize', { metadata: { name: 'team' }, spec: { finalizers: [] } }, 200],
    ] as const) {
      expect(await api.request(method, `${path}?dryRun=All`, body)).toMatchObject({ code })
    }
    expect(api.context.objects.store.revision).toBe(revision)
  })
})

describe('a name that is drawn', () => {
  test('is drawn again while it is taken, and in the end refused', async () => {
    await api[Symbol.asyncDispose]()
    // Two names of five characters are the same.
    let calls = 0
    api = await testApi({ random: () => (calls++ < 10 ? 0 : 0.5) })
    const draw = () => api.request('POST', configMaps, { metadata: { generateName: 'a-' } })
    const names = [meta(await draw())['name'], meta(await draw())['name']]
    expect(new Set(names).size).toBe(2)
    await api[Symbol.asyncDispose]()
    api = await testApi({ random: () => 0 })
    await draw()
    expect(await outcome(draw)).toEqual(
      refused(409, 'the server was not able to generate a unique name for the object'),
    )
  })

  test('fits, and follows the rule of its kind', async () => {
    const long = await api.request('POST', configMaps, { metadata: { generateName: 'x'.repeat(200) } })
    expect(meta(long)['name']).toHaveLength(63)
    expect(await outcome(() => api.request('POST', configMaps, { metadata: { generateName: 'A_' } }))).toEqual(
      refused(422, 'metadata.generateName'),
    )
    const named = await api.request('POST', configMaps, { metadata: { generateName: 'a-', name: 'own' } })
    expect(meta(named)['name']).toBe('own')
  })
})

describe('bodies that are no objects', () => {
  const cases: { name: string; body: unknown; code?: number }[] = [
    { name: 'metadata that is a list', body: { metadata: [] } },
    { name: 'metadata that is text', body: { metadata: 'x' } },
    { name: 'no metadata', body: { metadata: null }, code: 422 },
    { name: 'a name that is a number', body: { metadata: { name: 5 } } },
    { name: 'a kind that is an object', body: { kind: { toString: 1, valueOf: 1 }, metadata: { name: 'a' } } },
    { name: 'a version that is a list', body: { apiVersion: ['v1'], metadata: { name: 'a' } } },
    { name: 'null', body: 'null' },
    { name: 'a number', body: '5' },
    { name: 'nothing', body: '' },
    { name: 'too many brackets', body: '['.repeat(100_000) },
  ]
  for (const { name, body, code = 400 } of cases) {
    test(`${name} are refused`, async () => {
      expect(await outcome(() => api.request('POST', configMaps, body))).toEqual(refused(code))
    })
  }

  test('keys of the prototype are data like others, or left out', async () => {
    const labels = '{"__proto__":"x","constructor":"y"}'
    const body = `{"metadata":{"name":"a","labels":${labels}},"__proto__":{"data":{"p":"q"}},"data":{"__proto__":"x"}}`
    const created = await api.request('POST', configMaps, body)
    expect(created.code).toBe(201)
    expect(meta(created)['labels']).toEqual({ constructor: 'y' })
    expect(created.body).not.toHaveProperty('data.p')
    expect(Reflect.get({}, 'p')).toBeUndefined()
    const selected = await api.request('GET', `${configMaps}?labelSelector=constructor%3Dy`)
    expect(selected.body['items']).toHaveLength(1)
    expect((await api.request('GET', `${configMaps}?labelSelector=toString`)).body['items']).toEqual([])
  })
})

describe('what a write says of itself is refused as upstream does', () => {
  beforeEach(() => api.request('POST', configMaps, { metadata: { name: 'a' } }))
  const named = (metadata: object) => ({ metadata: { name: 'a', ...metadata } })
  const undetermined = 'the name of the object (a based on URL) was undeterminable: name must be provided'
  const fieldValidation = 'Unsupported value: "Odd": supported values: "", "Ignore", "Strict", "Warn"'

  const cases: { name: string; method: string; path: string; body?: unknown; code: number; says: string }[] = [
    {
      name: 'a new object with a version',
      method: 'POST',
      path: configMaps,
      body: { metadata: { name: 'b', resourceVersion: '5' } },
      code: 400,
      says: 'resourceVersion should not be set on objects to be created',
    },
    { name: 'no name', method: 'PUT', path: `${configMaps}/a`, body: { metadata: {} }, code: 400, says: undetermined },
    {
      name: 'another name',
      method: 'PUT',
      path: `${configMaps}/a`,
      body: { metadata: { name: 'b' } },
      code: 400,
      says: 'the name of the object (b) does not match the name on the URL (a)',
    },
    {
      name: 'a finalizer of nobody',
      method: 'PUT',
      path: `${configMaps}/a`,
      body: named({ finalizers: ['example.com/x', 'kubernetes', 'x'] }),
      code: 422,
      says:
        'ConfigMap "a" is invalid: metadata.finalizers[2]: Invalid value: "x": name is neither a standard finalizer name nor ' +
        'is it fully qualified',
    },
    {
      name: 'data beyond all bounds',
      method: 'PUT',
      path: `${configMaps}/a`,
      body: { ...named({}), data: { a: 'x'.repeat(2 ** 20 + 1) } },
      code: 422,
      says: 'ConfigMap "a" is invalid: []: Too long: may not be more than 1048576 bytes',
    },
    {
      name: 'an unknown validation of a create',
      method: 'POST',
      path: `${configMaps}?fieldValidation=Odd`,
      body: { metadata: { name: 'b' } },
      code: 422,
      says: `CreateOptions.meta.k8s.io "" is invalid: fieldValidation: ${fieldValidation}`,
    },
    {
      name: 'an unknown validation of an update',
      method: 'PUT',
      path: `${configMaps}/a?fieldValidation=Odd`,
      body: named({}),
      code: 422,
      says: `UpdateOptions.meta.k8s.io "" is invalid: fieldValidation: ${fieldValidation}`,
    },
    {
      name: 'an unknown dry run',
      method: 'PUT',
      path: `${configMaps}/a?dryRun=Some`,
      body: named({}),
      code: 422,
      says: 'UpdateOptions.meta.k8s.io "" is invalid: dryRun: Unsupported value: ["Some"]: supported values: "All"',
    },
    {
      name: 'an unknown dry run of a delete',
      method: 'DELETE',
      path: `${configMaps}/a?dryRun=Some`,
      code: 422,
      says: 'DeleteOptions.meta.k8s.io "" is invalid: dryRun: Unsupported value: ["Some"]: supported values: "All"',
    },
  ]
  for (const { name, method, path, body, code, says } of cases) {
    test(name, async () => {
      expect(await outcome(() => api.request(method, path, body))).toEqual({ code, message: says, stored: false })
    })
  }
})

describe('a PUT of what is not there', () => {
  const services = '/api/v1/namespaces/default/services'
  const service = (metadata: object = {}) => ({ metadata: { name: 'web', ...metadata }, spec: { ports: [{ port: 80 }] } })

  test('makes a Service, as a create would, and once', async () => {
    const made = await api.request('PUT', `${services}/web?fieldManager=me`, service({ resourceVersion: '1' }))
    expect(made).toMatchObject({
      code: 201,
      body: { metadata: { uid: expect.any(String), managedFields: [{ manager: 'me', operation: 'Update' }] } },
    })
    expect(made.body['spec']).toMatchObject({ clusterIP: expect.stringMatching(/^10\.96\./) })
    expect((await api.request('PUT', `${services}/web`, service({ labels: { a: 'b' } }))).code).toBe(200)
  })

  for (const [name, path, body, code] of [
    ['a Service that it knows by its uid', `${services}/web`, service({ uid: 'other' }), 409],
    ['a Service that is not valid', `${services}/web`, { ...service(), spec: {} }, 422],
    ['the status of a Service', `${services}/web/status`, service(), 404],
    ['a ConfigMap', `${configMaps}/web`, { metadata: { name: 'web' } }, 404],
    ['a Pod', `${pods}/web`, pod(), 404],
  ] as const) {
    test(`does not make ${name}`, async () => {
      expect(await outcome(() => api.request('PUT', path, body))).toEqual(refused(code))
    })
  }

  test('makes nothing in a dry run, and nothing for who may not create', async () => {
    expect((await api.request('PUT', `${services}/web?dryRun=All`, service())).code).toBe(201)
    expect((await api.request('GET', `${services}/web`)).code).toBe(404)
    const roles = '/apis/rbac.authorization.k8s.io/v1/namespaces/default'
    const rules = [{ apiGroups: [''], resources: ['services'], verbs: ['update'] }]
    await api.request('POST', `${roles}/roles`, { metadata: { name: 'updater' }, rules })
    const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'updater' }
    const subjects = [{ kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: 'ada' }]
    await api.request('POST', `${roles}/rolebindings`, { metadata: { name: 'updater' }, roleRef, subjects })
    const user = { name: 'ada', groups: ['system:authenticated'] }
    await expect.poll(async () => (await api.request('PUT', `${services}/web`, service(), { user })).body['message']).toContain(
      'cannot create resource "services"',
    )
  })
})

describe('a PATCH', () => {
  beforeEach(() => api.request('POST', configMaps, { metadata: { name: 'a' }, data: { x: '1' } }))

  for (const [name, body, code] of [
    ['takes the metadata away', { metadata: null }, 400],
    ['renames it', { metadata: { name: 'b' } }, 400],
    ['moves it', { metadata: { namespace: 'kube-system' } }, 400],
    ['makes the metadata a list', { metadata: [] }, 422],
    ['is for another kind', { kind: 'Secret' }, 400],
    ['has another uid', { metadata: { uid: 'other' } }, 409],
    ['has an old version', { metadata: { resourceVersion: '1' } }, 409],
    ['is a list', [], 400],
    ['is null', null, 400],
  ] as const) {
    test(`that ${name} is refused`, async () => {
      expect(await outcome(() => mergePatch(`${configMaps}/a`, body))).toEqual(refused(code))
    })
  }

  test('without a version is applied to whatever is there, with the uid left empty too', async () => {
    const body = { metadata: { uid: '', resourceVersion: null }, data: { y: '2' } }
    expect(await mergePatch(`${configMaps}/a`, body)).toMatchObject({
      code: 200,
      body: { data: { x: '1', y: '2' } },
    })
  })

  test('of what is not there makes nothing', async () => {
      expect(await outcome(() => mergePatch(`${configMaps}/b`, { data: {} }))).toEqual(refused(404))
    })
})

describe('a patch that makes no object', () => {
  const services = '/api/v1/namespaces/default/services'
  const path = `${services}/web`
  const strategic = 'application/strategic-merge-patch+json'
  beforeEach(() => api.request('POST', services, { metadata: { name: 'web' }, spec: { ports: [{ port: 80 }] } }))

  const cases: { name: string; contentType: string; patch: unknown; strict?: boolean; message: string }[] = [
    {
      name: 'a strategic merge patch is shown itself',
      contentType: strategic,
      patch: { spec: { sessionAffinity: 5, selector: { b: 'c', a: null }, ports: [] } },
      message:
        ' "" is invalid: patch: Invalid value: "map[spec:map[ports:[] selector:map[a:<nil> b:c] sessionAffinity:5]]": json: ' +
        'cannot unmarshal number into Go struct field ServiceSpec.spec.sessionAffinity of type v1.ServiceAffinity',
    },
    {
      name: 'of another, what it makes',
      contentType: 'application/merge-patch+json',
      patch: { spec: 5 },
      message: expect.stringMatching(/^ "" is invalid: patch: Invalid value: "\{.*\\"spec\\":5.*\}": json: cannot unmarshal number/),
    },
    {
      name: 'fields that there are not, if asked',
      contentType: strategic,
      patch: { spec: { prts: 1 } },
      strict: true,
      message: ' "" is invalid: patch: Invalid value: "map[spec:map[prts:1]]": strict decoding error: unknown field "spec.prts"',
    },
    {
      name: 'fields that it has twice, likewise',
      contentType: strategic,
      patch: '{"metadata":{"labels":{"a":"b","a":"c"}}}',
      strict: true,
      message: expect.stringContaining('strict decoding error: duplicate field "metadata.labels.a"'),
    },
  ]
  for (const { name, contentType, patch, strict = false, message } of cases) {
    test(name, async () => {
      const query = strict ? '?fieldValidation=Strict' : ''
      const answer = await api.request('PATCH', `${path}${query}`, patch, { contentType })
      expect(answer).toMatchObject({ code: 422, body: { message, details: { causes: [{ field: 'patch' }] } } })
      expect(answer.body['details']).not.toHaveProperty('kind')
    })
  }

  test('is told of duplicates otherwise', async () => {
    const patch = '{"metadata":{"labels":{"a":"b","a":"c"}}}'
    const answer = await mergePatch(path, patch)
    expect(answer).toMatchObject({ code: 200, warnings: ['duplicate field "metadata.labels.a"'] })
  })
})

describe('scale', () => {
  beforeEach(() => api.request('POST', controllers, { metadata: { name: 'kubia' }, spec: { replicas: 2, template } }))
  const put = (body: unknown) => api.request('PUT', `${controllers}/kubia/scale`, body)

  for (const [name, body, code] of [
    ['more than an int32', { spec: { replicas: 2 ** 40 } }, 400],
    ['a fraction', { spec: { replicas: 1.5 } }, 400],
    ['less than none', { spec: { replicas: -1 } }, 422],
    ['text', { spec: { replicas: '3' } }, 400],
    ['a list', [], 400],
    ['a spec that is a list', { spec: [] }, 400],
    ['another name', { metadata: { name: { toString: 1 } }, spec: { replicas: -1 } }, 400],
    ['the scale of another', { metadata: { name: 'other' }, spec: { replicas: 3 } }, 400],
    ['an old version', { metadata: { resourceVersion: '1' }, spec: { replicas: 3 } }, 409],
  ] as const) {
    test(`to ${name} is refused`, async () => {
      expect(await outcome(() => put(body))).toEqual(refused(code))
    })
  }

  test('is patched under the version that the patch names', async () => {
    const path = `${controllers}/kubia/scale`
    expect(
      await outcome(() => mergePatch(path, { metadata: { resourceVersion: '1' }, spec: { replicas: 3 } })),
    ).toEqual(refused(409))
    expect(await mergePatch(path, { spec: { replicas: 3 } })).toMatchObject({
      code: 200,
      body: { spec: { replicas: 3 } },
    })
  })
})

describe('binding', () => {
  beforeEach(() => api.request('POST', pods, pod()))
  const bind = (body: unknown) => api.request('POST', `${pods}/web/binding`, body)

  for (const [name, body, code] of [
    ['nothing', {}, 422],
    ['no node', { target: {} }, 422],
    ['a name that is no node’s', { target: { name: 'a/../b' } }, 422],
    ['another kind', { target: { kind: 'Pod', name: 'node-1' } }, 422],
    ['a list', [], 400],
    ['a target that is text', { target: 'node-1' }, 400],
    ['another pod', { metadata: { name: 'other' }, target: { name: 'node-1' } }, 400],
    ['another pod of the name', { metadata: { uid: 'other' }, target: { name: 'node-1' } }, 409],
  ] as const) {
    test(`to ${name} is refused`, async () => {
      expect(await outcome(() => bind(body))).toEqual(refused(code))
    })
  }
})

describe('finalize', () => {
  beforeEach(() => api.request('POST', '/api/v1/namespaces', { metadata: { name: 'team' } }))
  const finalize = (body: unknown) => api.request('PUT', '/api/v1/namespaces/team/finalize', body)

  test('of another namespace, or with what is no finalizer, is refused', async () => {
    expect(
      await outcome(() => finalize({ metadata: { name: 'other' }, spec: { finalizers: [] } })),
    ).toEqual(refused(400))
    expect(
      await outcome(() => finalize({ metadata: { name: 'team' }, spec: { finalizers: ['no such'] } })),
    ).toEqual(refused(422))
    expect(
      await outcome(() => finalize({ metadata: { name: 'team', resourceVersion: '1' }, spec: { finalizers: [] } })),
    ).toEqual(refused(409))
  })
})

describe('a node', () => {
  const user = { name: 'system:node:node-1', groups: ['system:nodes', 'system:authenticated'] }

  for (const [method, path, body] of [
    ['DELETE', '/api/v1/nodes/node-1', undefined],
    ['DELETE', pods, undefined],
    ['POST', `${pods}/web/binding`, { target: { name: 'node-1' } }],
    ['POST', '/api/v1/namespaces/default/services', { metadata: { name: 'a' }, spec: { ports: [{ port: 80 }] } }],
    ['POST', '/api/v1/namespaces/default/secrets', { metadata: { name: 'a' } }],
    ['GET', '/api/v1/constructor', undefined],
    ['POST', '/api/v1/namespaces/default/toString', {}],
  ] as const) {
    test(`may not ${method} ${path}`, async () => {
      await api.request('POST', pods, pod('node-1'))
      expect(await outcome(() => api.request(method, path, body, { user }))).toEqual(refused(403))
    })
  }
})
