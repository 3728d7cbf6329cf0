import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ManualClock } from '../../base/manual-clock.ts'
import { testApi, type Answer, type TestApi } from '../test-api.ts'

let api: TestApi
let clock: ManualClock
beforeEach(async () => {
  clock = new ManualClock()
  api = await testApi({ clock })
})
afterEach(() => api[Symbol.asyncDispose]())

const configMaps = '/api/v1/namespaces/default/configmaps'
const pods = '/api/v1/namespaces/default/pods'
const meta = ({ body }: Answer) => body['metadata'] as Record<string, unknown>
const remove = (path: string, options?: object) => api.request('DELETE', path, options)
const mergePatch = (path: string, body: object) =>
  api.request('PATCH', path, body, { contentType: 'application/merge-patch+json' })

async function runningPod(): Promise<void> {
  const spec = { nodeName: 'node-1', containers: [{ name: 'main', image: 'busybox' }] }
  expect((await api.request('POST', pods, { metadata: { name: 'web' }, spec })).code).toBe(201)
}

describe('a grace period', () => {
  beforeEach(runningPod)

  test('is shortened by a later delete, counted from the first, and never lengthened', async () => {
    const begun = await remove(`${pods}/web`)
    expect(meta(begun)).toMatchObject({
      deletionGracePeriodSeconds: 30,
      deletionTimestamp: '2026-01-01T00:00:30Z',
      generation: 2,
    })
    clock.advance(5000)
    for (const options of [undefined, { gracePeriodSeconds: 60 }, { gracePeriodSeconds: 30 }]) {
      expect((await remove(`${pods}/web`, options)).body).toEqual(begun.body)
    }
    const hastened = await remove(`${pods}/web`, { gracePeriodSeconds: 10 })
    expect(meta(hastened)).toMatchObject({
      deletionGracePeriodSeconds: 10,
      deletionTimestamp: '2026-01-01T00:00:10Z',
      generation: 2,
    })
    expect(await remove(`${pods}/web`, { gracePeriodSeconds: 0 })).toMatchObject({
      code: 200,
      body: { status: 'Success' },
    })
    expect((await remove(`${pods}/web`)).code).toBe(404)
  })

  test('below zero is one second', async () => {
    expect(meta(await remove(`${pods}/web`, { gracePeriodSeconds: -1 }))).toMatchObject({
      deletionGracePeriodSeconds: 1,
    })
  })

  test('comes from the query if there is no body', async () => {
    expect(meta(await remove(`${pods}/web?gracePeriodSeconds=7`))).toMatchObject({ deletionGracePeriodSeconds: 7 })
  })

  test('does not survive the pod, whose node lets it go', async () => {
    await remove(`${pods}/web`)
    await mergePatch(`${pods}/web/status`, { status: { phase: 'Succeeded' } })
    expect((await api.request('GET', `${pods}/web`)).code).toBe(200)
    await remove(`${pods}/web`, { gracePeriodSeconds: 0 })
    expect((await api.request('GET', `${pods}/web`)).code).toBe(404)
  })
})

describe('finalizers', () => {
  test('hold an object until the last is taken away; another delete changes nothing', async () => {
    await api.request('POST', configMaps, { metadata: { name: 'a', finalizers: ['example.com/x', 'example.com/y'] } })
    const held = await remove(`${configMaps}/a`)
    expect(meta(held)).toMatchObject({ deletionGracePeriodSeconds: 0 })
    expect((await remove(`${configMaps}/a`)).body).toEqual(held.body)
    const added = await mergePatch(
      `${configMaps}/a`,
      { metadata: { finalizers: ['example.com/x', 'example.com/y', 'example.com/z'] } },
    )
    expect(added.code).toBe(422)
    await mergePatch(`${configMaps}/a`, { metadata: { finalizers: ['example.com/y'] } })
    expect((await api.request('GET', `${configMaps}/a`)).code).toBe(200)
    await mergePatch(`${configMaps}/a`, { metadata: { finalizers: [] } })
    expect((await api.request('GET', `${configMaps}/a`)).code).toBe(404)
  })

  test('of the garbage collector follow the last policy given', async () => {
    await api.request('POST', configMaps, { metadata: { name: 'a', finalizers: ['example.com/x'] } })
    const finalizers = async (options: object) => meta(await remove(`${configMaps}/a`, options))['finalizers']
    expect(await finalizers({ propagationPolicy: 'Foreground' })).toEqual(['example.com/x', 'foregroundDeletion'])
    expect(await finalizers({})).toEqual(['example.com/x', 'foregroundDeletion'])
    expect(await finalizers({ orphanDependents: true })).toEqual(['example.com/x', 'orphan'])
    expect(await finalizers({ propagationPolicy: 'Background' })).toEqual(['example.com/x'])
  })
})

describe('options', () => {
  beforeEach(() => api.request('POST', configMaps, { metadata: { name: 'a' } }))

  const cases: { name: string; body: unknown; code: number; says?: string }[] = [
    { name: 'no JSON', body: '{', code: 400 },
    { name: 'a list', body: [], code: 400 },
    { name: 'a text', body: '"now"', code: 400 },
    { name: 'another kind', body: { kind: 'Pod', apiVersion: 'v1' }, code: 400, says: 'must be DeleteOptions' },
    { name: 'a period that is an object', body: { gracePeriodSeconds: { valueOf: 1, toString: 1 } }, code: 400 },
    { name: 'a period that is text', body: { gracePeriodSeconds: '5' }, code: 400 },
    { name: 'preconditions that are text', body: { preconditions: 'x' }, code: 400 },
    {
      name: 'an unknown policy',
      body: { propagationPolicy: 'Now' },
      code: 422,
      says: 'supported values: "Foreground", "Background", "Orphan", "nil"',
    },
    {
      name: 'two policies',
      body: { propagationPolicy: 'Orphan', orphanDependents: true },
      code: 422,
      says: 'orphanDependents and deletionPropagation cannot be both set',
    },
    { name: 'an unknown dry run', body: { dryRun: ['Some'] }, code: 422, says: 'supported values: "All"' },
    {
      name: 'another uid',
      body: { preconditions: { uid: 'x' } },
      code: 409,
      says: 'The object might have been deleted and then recreated',
    },
    {
      name: 'another version',
      body: { preconditions: { resourceVersion: '1' } },
      code: 409,
      says: 'might have been modified',
    },
  ]
  for (const { name, body, code, says = '' } of cases) {
    test(`with ${name} delete nothing`, async () => {
      const answer = await remove(`${configMaps}/a`, body as object)
      expect(answer).toMatchObject({ code, body: { kind: 'Status', code } })
      expect(answer.body['message']).toContain(says)
      expect((await api.request('GET', `${configMaps}/a`)).code).toBe(200)
    })
  }

  test('of a dry run delete nothing, one object or many', async () => {
    for (const [path, body] of [
      [`${configMaps}/a?dryRun=All`, undefined],
      [`${configMaps}/a`, { dryRun: ['All'] }],
      [configMaps, { dryRun: ['All'] }],
    ] as const) {
      const { revision } = api.context.objects.store
      expect((await remove(path, body)).code).toBe(200)
      expect(api.context.objects.store.revision).toBe(revision)
    }
  })

  test('of a collection are for each of its objects', async () => {
    await api.request('POST', configMaps, { metadata: { name: 'held', finalizers: ['example.com/x'] } })
    await remove(`${configMaps}?propagationPolicy=Foreground&fieldSelector=metadata.name%3Dheld`)
    expect(meta(await api.request('GET', `${configMaps}/held`))['finalizers']).toEqual([
      'example.com/x',
      'foregroundDeletion',
    ])
    expect((await api.request('GET', `${configMaps}/a`)).code).toBe(200)
  })
})
