import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ingressClassKind } from '../../api/kinds/ingress-class.ts'
import { ingressKind } from '../../api/kinds/ingress.ts'
import { legacyIngressViews } from '../../api/kinds/legacy-ingress.ts'
import { ManualClock } from '../../base/manual-clock.ts'
import { testApi, type TestApi } from '../test-api.ts'

const clock = new ManualClock()
let api: TestApi
beforeEach(async () => {
  api = await testApi({ clock })
  api.context.kinds.add(ingressKind)
  api.context.kinds.add(ingressClassKind)
  for (const view of legacyIngressViews) api.context.kinds.addView(view)
})
afterEach(() => api[Symbol.asyncDispose]())

const classes = '/apis/networking.k8s.io/v1/ingressclasses'
const ingresses = '/apis/networking.k8s.io/v1/namespaces/default/ingresses'
const isDefault = { 'ingressclass.kubernetes.io/is-default-class': 'true' }
const backend = { service: { name: 'web', port: { number: 80 } } }
const ingress = (spec: object = {}, annotations: object = {}) => ({
  metadata: { name: 'web', annotations },
  spec: { defaultBackend: backend, ...spec },
})

async function createClass(name: string, annotations: object = isDefault): Promise<void> {
  const body = { metadata: { name, annotations }, spec: { controller: 'example.com/proxy' } }
  expect((await api.request('POST', classes, body)).code).toBe(201)
}

async function classOf(body: object, path = ingresses): Promise<unknown> {
  const created = await api.request('POST', path, body)
  expect(created.code).toBe(201)
  return (created.body['spec'] as Record<string, unknown>)['ingressClassName']
}

describe('a new Ingress', () => {
  test('gets the default class', async () => {
    await createClass('other', {})
    await createClass('not', { 'ingressclass.kubernetes.io/is-default-class': 'false' })
    await createClass('usual')
    expect(await classOf(ingress())).toBe('usual')
  })

  const own: { name: string; body: object; has: unknown }[] = [
    { name: 'a class of its own', body: ingress({ ingressClassName: 'mine' }), has: 'mine' },
    { name: 'one by annotation', body: ingress({}, { 'kubernetes.io/ingress.class': 'mine' }), has: undefined },
    { name: 'an empty annotation', body: ingress({}, { 'kubernetes.io/ingress.class': '' }), has: undefined },
  ]
  for (const { name, body, has } of own) {
    test(`with ${name} keeps that`, async () => {
      await createClass('usual')
      expect(await classOf(body)).toBe(has)
    })
  }

  test('has none without a default', async () => {
    await createClass('other', {})
    expect(await classOf(ingress())).toBeUndefined()
  })

  test('gets the newest of several, and of equals the first by name', async () => {
    await createClass('old')
    clock.advance(1000)
    await createClass('b')
    await createClass('a')
    expect(await classOf(ingress())).toBe('a')
  })

  test('of an old version gets it likewise', async () => {
    await createClass('usual')
    const body = { metadata: { name: 'old' }, spec: { backend: { serviceName: 'web', servicePort: 80 } } }
    expect(await classOf(body, '/apis/extensions/v1beta1/namespaces/default/ingresses')).toBe('usual')
  })
})

test('an Ingress that is there keeps what it has', async () => {
  expect(await classOf(ingress())).toBeUndefined()
  await createClass('usual')
  const updated = await api.request('PUT', `${ingresses}/web`, ingress({}, { a: 'b' }))
  expect(updated.body['spec']).not.toHaveProperty('ingressClassName')
})
