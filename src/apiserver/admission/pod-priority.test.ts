import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { testApi, type Answer, type TestApi } from '../test-api.ts'

let api: TestApi
beforeEach(async () => {
  api = await testApi()
})
afterEach(() => api[Symbol.asyncDispose]())

const classes = '/apis/scheduling.k8s.io/v1/priorityclasses'
const pods = '/api/v1/namespaces/default/pods'
const containers = [{ name: 'main', image: 'busybox' }]
const createClass = (name: string, value: number, fields: object = {}) =>
  api.request('POST', classes, { metadata: { name }, value, ...fields })
const createPod = (spec: object = {}) => api.request('POST', pods, { metadata: { name: 'web' }, spec: { containers, ...spec } })
const specOf = ({ body }: Answer) => body['spec'] as Record<string, unknown>
const forbidden = (message: string) => ({ code: 403, body: { reason: 'Forbidden', message } })

describe('a new pod', () => {
  const granted: { name: string; spec: object; has: object }[] = [
    { name: 'no class', spec: {}, has: { priority: 0, preemptionPolicy: 'PreemptLowerPriority' } },
    {
      name: 'a class',
      spec: { priorityClassName: 'high' },
      has: { priorityClassName: 'high', priority: 1000, preemptionPolicy: 'Never' },
    },
    {
      name: 'a class of the system',
      spec: { priorityClassName: 'system-node-critical' },
      has: { priority: 2_000_001_000, preemptionPolicy: 'PreemptLowerPriority' },
    },
    { name: 'what its class says anyway', spec: { priorityClassName: 'high', priority: 1000 }, has: { priority: 1000 } },
  ]
  for (const { name, spec, has } of granted) {
    test(`with ${name} gets its priority`, async () => {
      await createClass('high', 1000, { preemptionPolicy: 'Never' })
      const created = await createPod(spec)
      expect(created.code).toBe(201)
      expect(specOf(created)).toMatchObject(has)
    })
  }

  const refused: { name: string; spec: object; why: string }[] = [
    { name: 'a class that is not there', spec: { priorityClassName: 'none' }, why: 'no PriorityClass with name none was found' },
    {
      name: 'another priority',
      spec: { priorityClassName: 'high', priority: 7 },
      why:
        'the integer value of priority (7) must not be provided in pod spec; priority admission controller computed 1000 ' +
        'from the given PriorityClass name',
    },
    {
      name: 'another policy',
      spec: { priorityClassName: 'high', preemptionPolicy: 'PreemptLowerPriority' },
      why:
        'the string value of PreemptionPolicy (PreemptLowerPriority) must not be provided in pod spec; priority admission ' +
        'controller computed Never from the given PriorityClass name',
    },
  ]
  for (const { name, spec, why } of refused) {
    test(`with ${name} is refused`, async () => {
      await createClass('high', 1000, { preemptionPolicy: 'Never' })
      expect(await createPod(spec)).toMatchObject(forbidden(`pods "web" is forbidden: ${why}`))
    })
  }

  test('with no class gets the default one, if there is one', async () => {
    await createClass('usual', 5, { globalDefault: true, preemptionPolicy: 'Never' })
    const has = { priorityClassName: 'usual', priority: 5, preemptionPolicy: 'Never' }
    expect(specOf(await createPod())).toMatchObject(has)
  })

  test('keeps what it got, whatever becomes of the class and whoever leaves it out', async () => {
    await createClass('usual', 5, { globalDefault: true, preemptionPolicy: 'Never' })
    const created = await createPod()
    await api.request('DELETE', `${classes}/usual`)
    const { priority: _, preemptionPolicy: _policy, ...spec } = specOf(created)
    const updated = await api.request('PUT', `${pods}/web`, { metadata: { name: 'web', labels: { a: 'b' } }, spec })
    expect(updated.code).toBe(200)
    expect(specOf(updated)).toMatchObject({ priorityClassName: 'usual', priority: 5, preemptionPolicy: 'Never' })
  })
})

describe('of default classes there is one', () => {
  const second = (name: string) =>
    forbidden(
      `priorityclasses.scheduling.k8s.io "${name}" is forbidden: PriorityClass first is already marked as default. ` +
        'Only one default can exist',
    )

  test('a second is refused, new or made one', async () => {
    await createClass('first', 1, { globalDefault: true })
    expect(await createClass('second', 2, { globalDefault: true })).toMatchObject(second('second'))
    expect((await createClass('second', 2)).code).toBe(201)
    const contentType = 'application/merge-patch+json'
    const patched = await api.request('PATCH', `${classes}/second`, { globalDefault: true }, { contentType })
    expect(patched).toMatchObject(second('second'))
  })

  test('the first may be written again, and makes room for another', async () => {
    await createClass('first', 1, { globalDefault: true })
    const again = { metadata: { name: 'first' }, value: 1, globalDefault: true, description: 'x' }
    expect((await api.request('PUT', `${classes}/first`, again)).code).toBe(200)
    expect((await api.request('PUT', `${classes}/first`, { ...again, globalDefault: false })).code).toBe(200)
    expect((await createClass('second', 2, { globalDefault: true })).code).toBe(201)
  })
})

test('classes of the system stay', async () => {
  expect((await createClass('system-cluster-critical', 2_000_000_000)).code).toBe(201)
  const why = 'this is a system priority class and cannot be deleted'
  const message = `priorityclasses.scheduling.k8s.io "system-cluster-critical" is forbidden: ${why}`
  expect(await api.request('DELETE', `${classes}/system-cluster-critical`)).toMatchObject(forbidden(message))
  expect((await api.request('GET', `${classes}/system-cluster-critical`)).code).toBe(200)
})
