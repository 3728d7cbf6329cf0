import { afterEach, describe, expect, test, vi } from 'vitest'
import { Pods } from '../api/kinds/pod.ts'
import type { Entry } from '../storage/store.ts'
import { openSqliteStore } from '../storage/sqlite/sqlite-store.ts'
import { ObjectStore } from './objects.ts'
import { testApi } from './test-api.ts'

const pods = '/api/v1/namespaces/default/pods'
const pod = (name: string) => ({ metadata: { name }, spec: { containers: [{ name: 'main', image: 'busybox' }] } })

afterEach(() => vi.restoreAllMocks())

test('creates that come together are made durable together', async () => {
  const transactions: number[] = []
  const clock = { monotonicMs: () => 0 }
  const store = openSqliteStore(':memory:', { clock, committed: (writes) => void transactions.push(writes) })
  await using api = await testApi({ store })
  transactions.length = 0
  const names = Array.from({ length: 16 }, (_, index) => `p${index}`)
  const answers = await Promise.all(names.map((name) => api.request('POST', pods, pod(name))))
  expect(answers.map(({ code }) => code)).toEqual(names.map(() => 201))
  expect(transactions).toEqual([16])
})

test('a pod is encoded when it is created, and neither for its answer nor for a list or a watch', async () => {
  await using api = await testApi()
  const encoded = vi.spyOn(JSON, 'stringify')
  const decoded = vi.spyOn(JSON, 'parse')
  const podsEncoded = () => encoded.mock.calls.filter(([value]) => (value as { kind?: string } | undefined)?.kind === 'Pod').length
  const watched = await api.watch(`${pods}?watch=1`)
  const answers = [
    await api.send('POST', pods, JSON.stringify(pod('a'))),
    await api.send('GET', pods),
    await api.send('GET', `${pods}/a`),
  ]
  expect(answers.map(({ status }) => status)).toEqual([201, 200, 200])
  expect(podsEncoded()).toBe(1)
  // The body of the create, and this test's own reading of the watch.
  expect(decoded.mock.calls.filter(([text]) => text.includes('"containers"'))).toHaveLength(2)
  expect(watched.events.map(({ type }) => type)).toEqual(['ADDED'])
})

describe('the text of an entry', () => {
  const metadata = { name: 'a', namespace: 'default', uid: 'u', creationTimestamp: '2026-01-01T00:00:00Z' }
  const object = { kind: 'Pod', apiVersion: 'v1', metadata, spec: { note: '"metadata":{"x":1}' } }
  const versioned = { ...object, metadata: { ...metadata, resourceVersion: '7' } }
  const entry = (value: string): Entry => ({ key: '/registry/pods/default/a', value, createRevision: 7, modRevision: 7 })
  const objects = new ObjectStore(openSqliteStore(':memory:'))
  for (const { name, value } of [
    { name: 'as it is written now', value: JSON.stringify(object) },
    { name: 'of a kind in a group', value: JSON.stringify({ ...object, apiVersion: 'a-b.example.com/v1beta1' }) },
    { name: 'with its kind last, as earlier versions wrote it', value: JSON.stringify({ metadata, spec: object.spec, apiVersion: 'v1', kind: 'Pod' }) },
    { name: 'with the version last', value: JSON.stringify({ kind: 'Pod', metadata, apiVersion: 'v1', spec: object.spec }) },
  ]) {
    test(`has its revision, ${name}`, () => {
      const { json, object: decoded } = objects.decode(entry(value))
      expect(JSON.parse(json)).toEqual({ ...versioned, apiVersion: JSON.parse(value).apiVersion })
      expect(decoded).toEqual(JSON.parse(json))
    })
  }

  test('has the revision of the event that ended it', () => {
    const previous = entry(JSON.stringify(object))
    const { json } = objects.decodeGone({ type: 'delete', revision: 9, previous }, previous)
    expect(JSON.parse(json)).toEqual({ ...object, metadata: { ...metadata, resourceVersion: '9' } })
  })

  test('is that of the object that is stored', async () => {
    const stored = await objects.create(Pods, versioned)
    expect(JSON.parse(stored.json)).toEqual(stored.object)
    expect(JSON.parse(stored.entry.value)).toEqual(object)
  })
})
