import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { describePaths, type FieldSet } from '../../api/apply/field-set.ts'
import type { ManagedFieldsEntry } from '../../api/apply/managers.ts'
import { ingressKind } from '../../api/kinds/ingress.ts'
import { legacyIngressViews } from '../../api/kinds/legacy-ingress.ts'
import { ManualClock } from '../../base/manual-clock.ts'
import type { ApiRequest } from '../request.ts'
import { testApi, type Answer, type TestApi } from '../test-api.ts'

const configMaps = '/api/v1/namespaces/default/configmaps'
const controllers = '/api/v1/namespaces/default/replicationcontrollers'
const services = '/api/v1/namespaces/default/services'
const clock = new ManualClock(new Date('2026-01-01T00:00:00Z'))
const applyPatch: Partial<ApiRequest> = { contentType: 'application/apply-patch+yaml' }
const kubectl: Partial<ApiRequest> = { userAgent: 'kubectl/v1.33.0 (linux/amd64) kubernetes/0000000' }

let api: TestApi
beforeAll(async () => {
  api = await testApi({ clock })
  api.context.kinds.add(ingressKind)
  for (const view of legacyIngressViews) api.context.kinds.addView(view)
})
afterAll(() => api[Symbol.asyncDispose]())

function apply(path: string, manager: string, config: object | string, options = ''): Promise<Answer> {
  clock.advance(1000)
  const query = `fieldManager=${manager}${options}`
  return api.request('PATCH', `${path}?${query}`, config, applyPatch)
}

function configMap(name: string, data: Record<string, string> = {}): object {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data }
}

function entriesOf({ body }: Answer): ManagedFieldsEntry[] {
  return (body['metadata'] as { managedFields?: ManagedFieldsEntry[] }).managedFields ?? []
}

/** `{ 'kubectl Update': ['.data', …] }` */
function ownersOf(answer: Answer): Record<string, string[]> {
  return Object.fromEntries(
    entriesOf(answer).map(({ manager, operation, subresource, fieldsV1 }) => [
      [manager, operation, subresource].filter((part) => part !== undefined).join(' '),
      describePaths(fieldsV1 as FieldSet),
    ]),
  )
}

describe('tracking of other writes', () => {
  test('begins with the creation, under the name of the user agent', async () => {
    const created = await api.request('POST', configMaps, configMap('made', { a: '1' }), kubectl)
    expect(entriesOf(created)).toEqual([
      {
        manager: 'kubectl',
        operation: 'Update',
        apiVersion: 'v1',
        time: expect.stringMatching(/^2026-01-01T00:\d\d:\d\dZ$/),
        fieldsType: 'FieldsV1',
        fieldsV1: { 'f:data': { '.': {}, 'f:a': {} } },
      },
    ])
  })

  test('gives defaults to the creator, and leaves out what the server allots', async () => {
    const service = { metadata: { name: 'web' }, spec: { selector: { app: 'web' }, ports: [{ port: 80 }] } }
    const owned = ownersOf(await api.request('POST', `${services}?fieldManager=me`, service))['me Update']
    expect(owned).toEqual(expect.arrayContaining(['.spec.type', '.spec.ports[port=80,protocol="TCP"].targetPort']))
    expect(owned).not.toContain('.spec')
    expect(owned).not.toContain('.spec.clusterIP')
  })

  test('goes on with updates and patches', async () => {
    await api.request('POST', `${configMaps}?fieldManager=a`, configMap('kept', { a: '1', b: '1' }))
    clock.advance(1000)
    await api.request('PUT', `${configMaps}/kept?fieldManager=b`, configMap('kept', { a: '2', b: '1' }))
    clock.advance(1000)
    const merge = { contentType: 'application/merge-patch+json' }
    const answer = await api.request('PATCH', `${configMaps}/kept?fieldManager=c`, { data: { b: null, c: '3' } }, merge)
    expect(ownersOf(answer)).toEqual({ 'a Update': ['.data'], 'b Update': ['.data.a'], 'c Update': ['.data.c'] })
  })

  test('tells writes to the status apart', async () => {
    await api.request('POST', `${controllers}?fieldManager=a`, controller('told', 1))
    const status = { ...controller('told', 1), status: { replicas: 1, observedGeneration: 1 } }
    const answer = await api.request('PUT', `${controllers}/told/status?fieldManager=a`, status)
    expect(ownersOf(answer)['a Update status']).toEqual(['.status.observedGeneration', '.status.replicas'])
    expect(ownersOf(answer)['a Update']).toContain('.spec.replicas')
  })

  test('ends when the client sends an empty list', async () => {
    await api.request('POST', configMaps, configMap('reset'), kubectl)
    const forgotten = { metadata: { name: 'reset', managedFields: [{}] }, data: { a: '1' } }
    expect(entriesOf(await api.request('PUT', `${configMaps}/reset`, forgotten))).toEqual([])
    expect(entriesOf(await api.request('PUT', `${configMaps}/reset`, configMap('reset', { a: '2' })))).toEqual([])
    expect(ownersOf(await apply(`${configMaps}/reset`, 'me', configMap('reset', { a: '2' })))).toEqual({
      'before-first-apply Update': ['.data', '.data.a'],
      'me Apply': ['.data.a'],
    })
  })

  test('takes entries that a client has edited, and keeps its own over those that cannot be read', async () => {
    const created = await api.request('POST', `${configMaps}?fieldManager=a`, configMap('edited', { a: '1' }))
    const [entry] = entriesOf(created)
    const edit = (managedFields: unknown) => ({ metadata: { name: 'edited', managedFields }, data: { a: '1' } })
    const renamed = await api.request('PUT', `${configMaps}/edited`, edit([{ ...entry, manager: 'b' }]))
    expect(Object.keys(ownersOf(renamed))).toEqual(['b Update'])
    const broken = await api.request('PUT', `${configMaps}/edited`, edit([{ ...entry, fieldsV1: { nonsense: 1 } }]))
    expect(Object.keys(ownersOf(broken))).toEqual(['b Update'])
  })

  test('keeps ten updaters', async () => {
    await api.request('POST', `${configMaps}?fieldManager=m0`, configMap('crowd'))
    const merge = { contentType: 'application/merge-patch+json' }
    for (let index = 1; index <= 12; index += 1) {
      clock.advance(1000)
      const path = `${configMaps}/crowd?fieldManager=m${index}`
      await api.request('PATCH', path, { data: { [`k${index}`]: 'v' } }, merge)
    }
    const owners = ownersOf(await api.request('GET', `${configMaps}/crowd`))
    expect(Object.keys(owners)).toHaveLength(10)
    expect(owners['ancient-changes Update']).toEqual(['.data', '.data.k1', '.data.k2', '.data.k3'])
  })

  test("refuses what cannot be a manager's name", async () => {
    const long = await api.request('POST', `${configMaps}?fieldManager=${'x'.repeat(129)}`, configMap('long'))
    expect(long.body).toMatchObject({
      code: 422,
      message:
        'CreateOptions.meta.k8s.io "" is invalid: fieldManager: Too long: may not be more than 128 bytes',
    })
    const odd = await api.request('PUT', `${configMaps}/made?fieldManager=a%07`, configMap('made'))
    expect(odd.body).toMatchObject({
      message:
        'UpdateOptions.meta.k8s.io "" is invalid: fieldManager: Invalid value: "a\\u0007": invalid character U+0007 (at position 1)',
    })
  })
})

describe('server-side apply', () => {
  test('creates, then changes, then does nothing', async () => {
    const path = `${configMaps}/applied`
    const first = await apply(path, 'me', configMap('applied', { a: '1' }))
    expect(first).toMatchObject({ code: 201, body: { data: { a: '1' } } })
    const second = await apply(path, 'me', configMap('applied', { a: '2' }))
    expect(second).toMatchObject({ code: 200, body: { data: { a: '2' } } })
    const third = await apply(path, 'me', configMap('applied', { a: '2' }))
    expect(third).toEqual(second)
  })

  test('reads YAML, and names repeated keys', async () => {
    const yaml = 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: yaml}\ndata:\n  a: x\n  a: "y"\n'
    const warned = await apply(`${configMaps}/yaml`, 'me', yaml)
    expect(warned).toMatchObject({ code: 201, body: { data: { a: 'y' } } })
    expect(warned.warnings).toEqual(['line 6: key "a" already set in map'])
    const strict = await apply(`${configMaps}/yaml`, 'me', yaml, '&fieldValidation=Strict')
    expect(strict.body).toMatchObject({ code: 400, message: expect.stringContaining('error strict decoding patch: error converting YAML to JSON: yaml: unmarshal errors:\n  line 6: key "a" already set') })
  })

  test('answers conflicts with a 409, which force overrides', async () => {
    await api.request('POST', `${configMaps}?fieldManager=them`, configMap('contested', { a: '1', b: '1' }))
    const path = `${configMaps}/contested`
    const refused = await apply(path, 'me', configMap('contested', { a: '2' }))
    expect(refused.body).toMatchObject({
      code: 409,
      reason: 'Conflict',
      message: 'Apply failed with 1 conflict: conflict with "them" using v1: .data.a',
    })
    const forced = await apply(path, 'me', configMap('contested', { a: '2' }), '&force=true')
    expect(forced.body).toMatchObject({ data: { a: '2', b: '1' } })
    expect(ownersOf(forced)).toEqual({ 'me Apply': ['.data.a'], 'them Update': ['.data', '.data.b'] })
  })

  test('with dryRun stores nothing', async () => {
    const path = `${configMaps}/dry`
    expect(await apply(path, 'me', configMap('dry'), '&dryRun=All')).toMatchObject({ code: 201 })
    expect(await api.request('GET', path)).toMatchObject({ code: 404 })
  })

  test('writes the status through its own path only', async () => {
    const path = `${controllers}/split`
    const config = { ...controller('split', 2), status: { replicas: 9 } }
    const created = await apply(path, 'me', config)
    expect(created).toMatchObject({ code: 201, body: { status: { replicas: 0 } } })
    expect(ownersOf(created)['me Apply']).not.toContain('.status.replicas')
    const status = { ...controller('split', 7), status: { replicas: 1 } }
    const written = await apply(`${path}/status`, 'controller', status)
    expect(written).toMatchObject({ code: 200, body: { spec: { replicas: 2 }, status: { replicas: 1 } } })
    expect(ownersOf(written)['controller Apply status']).toEqual(['.status.replicas'])
    const absent = await apply(`${controllers}/absent/status`, 'controller', controller('absent', 1))
    expect(absent).toMatchObject({ code: 404 })
  })

  test('of a Scale', async () => {
    const path = `${controllers}/scaled`
    await apply(path, 'me', controller('scaled', 1))
    const scale = (replicas: number) => ({
      apiVersion: 'autoscaling/v1',
      kind: 'Scale',
      metadata: { name: 'scaled', namespace: 'default' },
      spec: { replicas },
    })
    const refused = await apply(`${path}/scale`, 'scaler', scale(3))
    expect(refused.body).toMatchObject({
      code: 409,
      message: 'Apply failed with 1 conflict: conflict with "me": .spec.replicas',
    })
    expect(await apply(`${path}/scale`, 'scaler', scale(3), '&force=true')).toMatchObject({
      code: 200,
      body: { kind: 'Scale', spec: { replicas: 3 } },
    })
    const owners = ownersOf(await api.request('GET', path))
    expect(owners['scaler Apply scale']).toEqual(['.spec.replicas'])
    expect(owners['me Apply']).not.toContain('.spec.replicas')
  })

  test('sees who has scaled an object', async () => {
    const path = `${controllers}/autoscaled`
    await apply(path, 'me', controller('autoscaled', 1))
    const merge = { contentType: 'application/merge-patch+json' }
    await api.request('PATCH', `${path}/scale?fieldManager=hpa`, { spec: { replicas: 4 } }, merge)
    const refused = await apply(path, 'me', controller('autoscaled', 1))
    expect(refused.body).toMatchObject({
      message: 'Apply failed with 1 conflict: conflict with "hpa" with subresource "scale" using v1: .spec.replicas',
    })
    const { spec, ...rest } = controller('autoscaled', 1)
    const unscaled = { ...rest, spec: { selector: spec.selector, template: spec.template } }
    expect(await apply(path, 'me', unscaled)).toMatchObject({ code: 200, body: { spec: { replicas: 4 } } })
  })

  test('understands who wrote through another version', async () => {
    const path = '/apis/networking.k8s.io/v1/namespaces/default/ingresses'
    const old = {
      apiVersion: 'networking.k8s.io/v1beta1',
      kind: 'Ingress',
      metadata: { name: 'web' },
      spec: { backend: { serviceName: 'web', servicePort: 80 } },
    }
    const created = await apply('/apis/networking.k8s.io/v1beta1/namespaces/default/ingresses/web', 'old', old)
    expect(created).toMatchObject({ code: 201, body: { spec: { backend: { serviceName: 'web' } } } })
    const now = (name: string) => ({
      apiVersion: 'networking.k8s.io/v1',
      kind: 'Ingress',
      metadata: { name: 'web' },
      spec: { defaultBackend: { service: { name, port: { number: 80 } } } },
    })
    expect((await apply(`${path}/web`, 'new', now('other'))).body).toMatchObject({
      code: 409,
      message: 'Apply failed with 1 conflict: conflict with "old": .spec.backend.serviceName',
    })
    expect(await apply(`${path}/web`, 'new', now('web'))).toMatchObject({ code: 200 })
    const left = await apply(`${path}/web`, 'old', { ...now('web'), spec: {} })
    expect(left).toMatchObject({ code: 200, body: { spec: { defaultBackend: { service: { name: 'web' } } } } })
  })

  test('is safe against other writes in between', async () => {
    const path = `${configMaps}/busy`
    const managers = Array.from({ length: 8 }, (_, index) => `m${index}`)
    const answers = await Promise.all(managers.map((name) => apply(path, name, configMap('busy', { [name]: 'v' }))))
    expect(answers.map(({ code }) => code).sort()).toEqual([...managers.slice(1).map(() => 200), 201])
    const { body } = await api.request('GET', path)
    expect(body).toHaveProperty('data', Object.fromEntries(managers.map((name) => [name, 'v'])))
  })
})

describe('refused applies', () => {
  const path = `${configMaps}/refused`
  const good = configMap('refused')
  const cases: { name: string; query?: string; body?: object | string; code: number; message: string }[] = [
    {
      name: 'without a manager',
      query: '',
      code: 422,
      message: 'PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required value: is required for apply patch',
    },
    {
      name: 'of another name',
      body: configMap('else'),
      code: 400,
      message: 'the name of the object (else) does not match the name on the URL (refused)',
    },
    {
      name: 'without a name',
      body: { apiVersion: 'v1', kind: 'ConfigMap' },
      code: 400,
      message: 'the name of the object (refused based on URL) was undeterminable: name must be provided',
    },
    {
      name: 'in another namespace',
      body: { ...good, metadata: { name: 'refused', namespace: 'kube-system' } },
      code: 400,
      message: 'the namespace of the provided object does not match the namespace sent on the request',
    },
    {
      name: 'of an object that must be there and is not',
      body: { ...good, metadata: { name: 'refused', uid: 'abc' } },
      code: 409,
      message:
        'Operation cannot be fulfilled on configmaps "refused": uid mismatch: the provided object specified uid abc, and no existing object was found',
    },
    { name: 'of nothing', body: '', code: 400, message: 'invalid object type: /, Kind=' },
    {
      name: 'of a list',
      body: '[]',
      code: 400,
      message:
        'error decoding patch: error unmarshaling JSON: while decoding JSON: json: cannot unmarshal array into Go value of type map[string]interface {}',
    },
    {
      name: 'of what is not YAML',
      body: 'a: [',
      code: 400,
      message: 'error encoding patch: error converting YAML to JSON: yaml: line ',
    },
    {
      name: 'of values that are not of their type',
      body: { ...good, immutable: 'yes' },
      code: 400,
      message: 'failed to create typed patch object (/refused; /v1, Kind=ConfigMap): .immutable: expected boolean, got &{yes}',
    },
    {
      name: 'of invalid objects',
      body: configMap('refused', { 'a b': '' }),
      code: 422,
      message: 'ConfigMap "refused" is invalid: data[a b]: Invalid value: "a b": ',
    },
  ]
  for (const { name, query = 'fieldManager=me', body = good, code, message } of cases) {
    test(name, async () => {
      const answer = await api.request('PATCH', `${path}?${query}`, body, applyPatch)
      expect(answer.body).toMatchObject({ code, message: expect.stringContaining(message) })
      expect(await api.request('GET', path)).toMatchObject({ code: 404 })
    })
  }

  test('in CBOR', async () => {
    const cbor = { contentType: 'application/apply-patch+cbor' }
    const answer = await api.request('PATCH', `${path}?fieldManager=me`, '', cbor)
    expect(answer.body).toMatchObject({ code: 415, message: expect.stringMatching(/, application\/apply-patch\+yaml$/) })
  })

  test('force on another kind of patch', async () => {
    await api.request('POST', configMaps, configMap('forced'))
    const merge = { contentType: 'application/merge-patch+json' }
    const answer = await api.request('PATCH', `${configMaps}/forced?force=true`, { data: {} }, merge)
    expect(answer.body).toMatchObject({
      code: 422,
      message: 'PatchOptions.meta.k8s.io "" is invalid: force: Forbidden: may not be specified for non-apply patch',
    })
  })
})

function controller(name: string, replicas: number) {
  const labels = { app: name }
  const spec = { containers: [{ name: 'main', image: 'x' }] }
  return {
    apiVersion: 'v1',
    kind: 'ReplicationController',
    metadata: { name },
    spec: { replicas, selector: labels, template: { metadata: { labels }, spec } },
  }
}
