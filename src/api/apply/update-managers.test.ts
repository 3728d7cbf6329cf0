import { describe, expect, test } from 'vitest'
import type { JsonObject } from '../patch/json-object.ts'
import { Trial } from './trial.ts'

const template = {
  metadata: { labels: { app: 'web' } },
  spec: { containers: [{ name: 'web', image: 'web:1', resources: {} }], restartPolicy: 'Always' },
}

function withData(object: JsonObject, data: JsonObject): JsonObject {
  return { ...object, data }
}

test('a creator owns all but what every object has', () => {
  const trial = new Trial('apps/v1', 'Deployment')
  trial.update('kubectl-create', {
    metadata: { labels: { app: 'web' }, uid: '1', generation: 1, creationTimestamp: '2026-01-01T00:00:00Z' },
    spec: { replicas: 1, template, strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1 } } },
  })
  expect(trial.object?.['metadata']).toHaveProperty('managedFields.0.fieldsV1', {
    'f:metadata': { 'f:labels': { '.': {}, 'f:app': {} } },
    'f:spec': {
      'f:replicas': {},
      'f:strategy': { 'f:rollingUpdate': { '.': {}, 'f:maxSurge': {} }, 'f:type': {} },
      'f:template': {
        'f:metadata': { 'f:labels': { '.': {}, 'f:app': {} } },
        'f:spec': {
          'f:containers': { 'k:{"name":"web"}': { '.': {}, 'f:image': {}, 'f:name': {}, 'f:resources': {} } },
          'f:restartPolicy': {},
        },
      },
    },
  })
})

test('an updater owns what it changed, and others no longer', () => {
  const trial = new Trial('v1', 'ConfigMap')
  trial.update('a', { data: { x: '1', y: '1', z: '1' } })
  trial.update('b', (object) => withData(object, { x: '2', y: '1', n: '1' }))
  expect(trial.owned).toEqual({ 'a Update': ['.data', '.data.y'], 'b Update': ['.data.n', '.data.x'] })
})

test('a manager that writes again keeps what it had', () => {
  const trial = new Trial('v1', 'ConfigMap')
  trial.update('a', { data: { x: '1', y: '1' } })
  const before = trial.object
  trial.update('a', (object) => object)
  expect(trial.object).toEqual(before)
  trial.update('a', (object) => withData(object, { x: '2', y: '1' }))
  expect(trial.owned).toEqual({ 'a Update': ['.data', '.data.x', '.data.y'] })
  expect(trial.object?.['metadata']).toHaveProperty('managedFields.0.time', '2026-01-01T00:00:02Z')
})

test('managers with nothing left are gone', () => {
  const trial = new Trial('v1', 'ConfigMap')
  trial.apply('a', { data: { x: '1' } })
  trial.update('b', (object) => withData(object, { x: '2' }))
  expect(trial.owned).toEqual({ 'b Update': ['.data.x'] })
})

test('the same name through another path is another manager', () => {
  const trial = new Trial('v1', 'Pod')
  trial.update('kubelet', { spec: { nodeName: 'n' } })
  trial.update('kubelet', (object) => ({ ...object, status: { phase: 'Running' } }), 'status')
  trial.apply('kubelet', { spec: { nodeName: 'n' } })
  expect(trial.owned).toEqual({
    'kubelet Apply': ['.spec.nodeName'],
    'kubelet Update': ['.spec.nodeName'],
    'kubelet Update status': ['.status.phase'],
  })
})

test('entries are in upstream\'s order', () => {
  const trial = new Trial('v1', 'ConfigMap')
  trial.update('z', { data: { a: '1' } })
  trial.update('y', (object) => withData(object, { a: '1', b: '1' }))
  trial.apply('x', { data: { c: '1' } })
  trial.apply('w', { data: { d: '1' } })
  expect(Object.keys(trial.owned)).toEqual(['x Apply', 'w Apply', 'z Update', 'y Update'])
})

test('a write without a name is by unknown', () => {
  const trial = new Trial('v1', 'ConfigMap')
  trial.update('', { data: { a: '1' } })
  expect(Object.keys(trial.owned)).toEqual(['unknown Update'])
})

describe('lists in which something repeats', () => {
  test('are owned together where they do', () => {
    const trial = new Trial('v1', 'Pod')
    const env = [{ name: 'A', value: '1' }, { name: 'A', value: '2' }, { name: 'B' }]
    trial.update('a', { spec: { containers: [{ name: 'c', env }] } })
    const [container] = ['.spec.containers[name="c"]']
    expect(trial.owned['a Update']).toEqual([
      container,
      `${container}.env`,
      `${container}.name`,
      `${container}.env[name="A"]`,
      `${container}.env[name="B"]`,
      `${container}.env[name="B"].name`,
    ])
    trial.update('b', { spec: { containers: [{ name: 'c', env: env.slice(1) }] } })
    expect(trial.owned['b Update']).toEqual([
      `${container}.env[name="A"]`,
      `${container}.env[name="A"].name`,
      `${container}.env[name="A"].value`,
    ])
  })

  test('are told apart by an apply', () => {
    const trial = new Trial('v1', 'ServiceAccount')
    trial.update('a', { secrets: [{ name: 's' }, { name: 's' }, { name: 't' }] })
    trial.apply('b', { secrets: [{ name: 's' }] }, { force: true })
    expect(trial.object).toHaveProperty('secrets', [{ name: 's' }, { name: 't' }])
  })
})

test('an object with an item that nothing tells apart keeps its managers until it is refused', () => {
  const trial = new Trial('v1', 'ServiceAccount')
  trial.update('a', { secrets: [{ name: 's' }] })
  const before = trial.owned
  trial.update('b', { secrets: [{ namespace: 'n' }] })
  expect(trial.owned).toEqual(before)
})
