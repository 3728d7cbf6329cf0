import { describe, expect, test } from 'vitest'
import { StatusError } from '../errors.ts'
import type { JsonObject } from '../patch/json-object.ts'
import { Trial } from './trial.ts'

const web = { name: 'web', image: 'web:1' }

describe('a first apply', () => {
  test('makes the object, and owns what it set', () => {
    const trial = new Trial('v1', 'Service')
    const spec = { type: 'NodePort', selector: { app: 'web' }, ports: [{ port: 80, name: 'http' }] }
    const object = trial.apply('deployer', { metadata: { name: 'x', labels: { a: 'b' } }, spec })
    const metadata = { name: 'x', labels: { a: 'b' } }
    expect(object).toMatchObject({ apiVersion: 'v1', kind: 'Service', metadata, spec })
    expect(trial.owned).toEqual({
      'deployer Apply': [
        '.metadata.labels.a',
        '.spec.selector',
        '.spec.type',
        '.spec.ports[port=80,protocol="TCP"]',
        '.spec.ports[port=80,protocol="TCP"].name',
        '.spec.ports[port=80,protocol="TCP"].port',
      ],
    })
    expect(object['metadata']).toHaveProperty('managedFields', [
      {
        manager: 'deployer',
        operation: 'Apply',
        apiVersion: 'v1',
        time: '2026-01-01T00:00:00Z',
        fieldsType: 'FieldsV1',
        fieldsV1: {
          'f:metadata': { 'f:labels': { 'f:a': {} } },
          'f:spec': {
            'f:ports': { 'k:{"port":80,"protocol":"TCP"}': { '.': {}, 'f:name': {}, 'f:port': {} } },
            'f:selector': {},
            'f:type': {},
          },
        },
      },
    ])
  })

  test('of an object that was never tracked leaves all of it to before-first-apply', () => {
    const trial = new Trial('v1', 'ConfigMap')
    trial.object = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'x', uid: '1' }, data: { a: '1', b: '2' } }
    trial.apply('me', { data: { a: '1', c: '3' } })
    expect(trial.owned).toEqual({
      'before-first-apply Update': ['.data', '.data.a', '.data.b'],
      'me Apply': ['.data.a', '.data.c'],
    })
    expect(() => trial.apply('me', { data: { b: '3' } })).toThrow(
      'Apply failed with 1 conflict: conflict with "before-first-apply" using v1: .data.b',
    )
  })
})

describe('applying again', () => {
  test('the same changes nothing, times included', () => {
    const trial = new Trial('apps/v1', 'Deployment')
    const config = { spec: { replicas: 2, template: { spec: { containers: [web] } } } }
    const first = trial.apply('me', config)
    expect(trial.apply('me', config)).toEqual(first)
  })

  test('removes what is no longer applied and nobody else owns', () => {
    const trial = new Trial('v1', 'ConfigMap')
    trial.apply('a', { data: { mine: '1', shared: '2' } })
    trial.apply('b', { data: { shared: '2' } })
    trial.update('c', (before) => ({ ...before, data: { ...(before['data'] as JsonObject), other: '3' } }))
    trial.apply('a', {})
    expect(trial.object).toHaveProperty('data', { shared: '2', other: '3' })
    expect(trial.owned).toEqual({ 'b Apply': ['.data.shared'], 'c Update': ['.data.other'] })
  })

  test('leaves what an update has taken over', () => {
    const trial = new Trial('apps/v1', 'Deployment')
    trial.apply('me', { spec: { replicas: 1, paused: true } })
    trial.update('scaler', (before) => ({ ...before, spec: { replicas: 5, paused: true } }))
    trial.apply('me', { spec: { paused: true } })
    expect(trial.object).toHaveProperty('spec', { replicas: 5, paused: true })
  })

  test('removes objects of which nothing is left', () => {
    const trial = new Trial('v1', 'Pod')
    const lifecycle = { preStop: { exec: { command: ['sleep', '1'] } } }
    trial.apply('me', { spec: { containers: [{ ...web, lifecycle }] } })
    trial.apply('me', { spec: { containers: [web] } })
    expect(trial.object).toHaveProperty('spec.containers', [web])
  })

  test('removes items of map lists, with what others set in them', () => {
    const trial = new Trial('v1', 'Pod')
    trial.apply('me', { spec: { containers: [web, { name: 'side', image: 's' }] } })
    trial.update('them', (before) => ({
      ...before,
      spec: { containers: [web, { name: 'side', image: 's', tty: true }] },
    }))
    trial.apply('me', { spec: { containers: [web] } })
    expect(trial.object).toHaveProperty('spec.containers', [web])
    expect(Object.keys(trial.owned)).toEqual(['me Apply'])
  })

  test('removes items of sets', () => {
    const trial = new Trial('v1', 'ConfigMap')
    trial.apply('me', { metadata: { name: 'x', finalizers: ['a/a', 'b/b'] } })
    trial.update('them', ({ metadata, ...before }) => ({
      ...before,
      metadata: { ...(metadata as JsonObject), finalizers: ['c/c', 'a/a', 'b/b'] },
    }))
    trial.apply('me', { metadata: { name: 'x', finalizers: ['b/b'] } })
    expect(trial.object).toHaveProperty('metadata.finalizers', ['c/c', 'b/b'])
  })

  test('by another manager of the same values shares them', () => {
    const trial = new Trial('v1', 'ConfigMap')
    trial.apply('a', { data: { k: 'v' } })
    trial.apply('b', { data: { k: 'v' } })
    expect(trial.owned).toEqual({ 'a Apply': ['.data.k'], 'b Apply': ['.data.k'] })
    trial.apply('a', { data: {} })
    expect(trial.object).toHaveProperty('data', { k: 'v' })
    trial.apply('b', { data: {} })
    expect(trial.object).not.toHaveProperty('data.k')
  })
})

describe('conflicts', () => {
  test('with one field of an update', () => {
    const trial = new Trial('v1', 'ReplicationController')
    trial.update('kubectl-client-side-apply', { spec: { replicas: 1 } })
    const error = failureOf(() => trial.apply('me', { spec: { replicas: 2 } }))
    expect(error.status).toMatchObject({
      status: 'Failure',
      reason: 'Conflict',
      code: 409,
      message: 'Apply failed with 1 conflict: conflict with "kubectl-client-side-apply" using v1: .spec.replicas',
      details: {
        causes: [
          {
            reason: 'FieldManagerConflict',
            message: 'conflict with "kubectl-client-side-apply" using v1',
            field: '.spec.replicas',
          },
        ],
      },
    })
  })

  test('with several fields of several managers', () => {
    const trial = new Trial('apps/v1', 'Deployment')
    trial.apply('b', { spec: { replicas: 1 } })
    trial.update('a', (before) => ({ ...before, spec: { replicas: 1, paused: true, minReadySeconds: 3 } }), 'scale')
    const config = { spec: { replicas: 2, paused: false, minReadySeconds: 4 } }
    expect(failureOf(() => trial.apply('me', config)).message).toBe(
      [
        'Apply failed with 3 conflicts: conflicts with "a" with subresource "scale" using apps/v1:',
        '- .spec.minReadySeconds',
        '- .spec.paused',
        'conflicts with "b":',
        '- .spec.replicas',
      ].join('\n'),
    )
  })

  test('inside items of lists', () => {
    const trial = new Trial('v1', 'Pod')
    trial.apply('a', { spec: { containers: [web], tolerations: [{ key: 'k' }] } })
    const config = { spec: { containers: [{ ...web, image: 'web:2' }], tolerations: [{ key: 'l' }] } }
    expect(failureOf(() => trial.apply('b', config)).message).toBe(
      'Apply failed with 2 conflicts: conflicts with "a":\n- .spec.tolerations\n- .spec.containers[name="web"].image',
    )
  })

  test('force takes the fields', () => {
    const trial = new Trial('v1', 'ConfigMap')
    trial.apply('a', { data: { k: '1', l: '1' } })
    trial.apply('b', { data: { k: '2' } }, { force: true })
    expect(trial.object).toHaveProperty('data', { k: '2', l: '1' })
    expect(trial.owned).toEqual({ 'a Apply': ['.data.l'], 'b Apply': ['.data.k'] })
  })

  test('none about fields that the request cannot write', () => {
    const trial = new Trial('v1', 'Namespace')
    trial.update('controller', { status: { phase: 'Active' } }, 'status')
    trial.ignored = { 'f:status': {} }
    trial.apply('me', { status: { phase: 'Terminating' }, metadata: { name: 'x', labels: { a: 'b' } } })
    expect(trial.owned['me Apply']).toEqual(['.metadata.labels.a'])
  })

  test('none for kubectl about what it applied on the client side', () => {
    const trial = new Trial('v1', 'ConfigMap')
    const last = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'x' }, data: { a: '1', b: '1' } }
    const annotations = { 'kubectl.kubernetes.io/last-applied-configuration': JSON.stringify(last) }
    trial.update('kubectl-client-side-apply', { metadata: { annotations }, data: { a: '1', b: '1' } })
    trial.update('them', (before) => ({ ...before, data: { a: '1', b: '9' } }))
    expect(() => trial.apply('kubectl', { data: { a: '2', b: '2' } })).toThrow(
      'Apply failed with 1 conflict: conflict with "them" using v1: .data.b',
    )
    expect(() => trial.apply('other', { data: { a: '2' } })).toThrow('"kubectl-client-side-apply" using v1: .data.a')
    trial.apply('kubectl', { data: { a: '2', b: '9' } })
    expect(trial.object).toHaveProperty('data', { a: '2', b: '9' })
    expect(trial.object).toHaveProperty('metadata.annotations', {
      'kubectl.kubernetes.io/last-applied-configuration':
        '{"apiVersion":"v1","data":{"a":"2","b":"9"},"kind":"ConfigMap","metadata":{"name":"x"}}\n',
    })
  })
})

describe('what is refused', () => {
  const cases: { name: string; config: JsonObject; message: string }[] = [
    {
      name: 'managed fields',
      config: { metadata: { name: 'x', managedFields: [] } },
      message: 'metadata.managedFields must be nil',
    },
    {
      name: 'another kind',
      config: { kind: 'Secret' },
      message: 'invalid object type: /v1, Kind=Secret',
    },
    {
      name: 'another version',
      config: { apiVersion: 'v2', kind: '' },
      message: 'invalid object type: /v2, Kind=',
    },
    {
      name: 'an unknown field',
      config: { spec: { containers: [{ name: 'web', imagge: 'x' }] } },
      message:
        'failed to create typed patch object (/x; /v1, Kind=Pod): .spec.containers[name="web"].imagge: field not declared in schema',
    },
    {
      name: 'repeated keys',
      config: { spec: { containers: [web, web] } },
      message:
        'failed to create typed patch object (/x; /v1, Kind=Pod): .spec.containers: duplicate entries for key [name="web"]',
    },
    {
      name: 'items that are not objects',
      config: { metadata: { name: 'x', namespace: 'n' }, spec: { containers: ['web'] } },
      message:
        'failed to create typed patch object (n/x; /v1, Kind=Pod): .spec.containers: element 0: associative list with keys may not have non-map elements',
    },
    {
      name: 'repeated set items',
      config: { metadata: { name: 'x', finalizers: ['a/b', 'a/b'] } },
      message:
        'failed to create typed patch object (/x; /v1, Kind=Pod): .metadata.finalizers: duplicate entries for key [="a/b"]',
    },
    {
      name: 'values of the wrong kind',
      config: {
        spec: { priority: 'high', hostNetwork: 'yes', nodeName: 5, nodeSelector: [], containers: {}, volumes: [null] },
      },
      message: [
        'failed to create typed patch object (/x; /v1, Kind=Pod): errors:',
        '  .spec.priority: expected numeric (int or float), got string',
        '  .spec.hostNetwork: expected boolean, got &{yes}',
        '  .spec.nodeName: expected string, got &value.valueUnstructured{Value:5}',
        '  .spec.nodeSelector: expected map, got &{[]}',
        '  .spec.containers: expected list, got &{map[]}',
        '  .spec.volumes: element 0: associative list with keys may not have a null element',
      ].join('\n'),
    },
  ]
  for (const { name, config, message } of cases) {
    test(name, () => {
      const error = failureOf(() => new Trial('v1', 'Pod').apply('me', config))
      expect(error.message).toBe(message)
      expect(error.code).toBe(400)
    })
  }
})

test('keys such as constructor and __proto__ are keys like any other', () => {
  const trial = new Trial('v1', 'ConfigMap')
  trial.apply('me', { data: { constructor: '1', toString: '2' } })
  expect(trial.owned['me Apply']).toEqual(['.data.constructor', '.data.toString'])
  trial.apply('me', { data: { toString: '2', hasOwnProperty: '3' } })
  expect(trial.object).toHaveProperty('data', { toString: '2', hasOwnProperty: '3' })
  trial.apply('me', JSON.parse('{"data":{"__proto__":"4"}}') as JsonObject)
  expect(Object.entries(trial.object?.['data'] as JsonObject)).toEqual([['__proto__', '4']])
})

function failureOf(run: () => unknown): StatusError {
  try {
    run()
  } catch (error) {
    if (error instanceof StatusError) return error
    throw error
  }
  throw new Error('was not refused')
}
