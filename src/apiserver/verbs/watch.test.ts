import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { ManualClock } from '../../base/manual-clock.ts'
import { testApi, type Answer, type TestApi, type WatchedEvents } from '../test-api.ts'

let api: TestApi
let clock: ManualClock
beforeEach(async () => {
  clock = new ManualClock()
  api = await testApi({ clock })
})
afterEach(() => api[Symbol.asyncDispose]())

const configMaps = '/api/v1/namespaces/default/configmaps'
const table = { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' }
const create = (name: string, labels = {}) => api.request('POST', configMaps, { metadata: { name, labels } })
const patch = (name: string, body: object) =>
  api.request('PATCH', `${configMaps}/${name}`, body, { contentType: 'application/merge-patch+json' })
const versionOf = ({ body }: Answer) => Number((body['metadata'] as { resourceVersion: string }).resourceVersion)
const metadataOf = (event: WatchedEvents['events'][number]) => event.object['metadata'] as Record<string, unknown>
const shown = ({ events }: WatchedEvents) =>
  events.map((event) => `${event.type} ${String(metadataOf(event)['name'] ?? '')}@${String(metadataOf(event)['resourceVersion'])}`)

describe('an object that goes', () => {
  test('is shown as it was, at the version at which it went', async () => {
    await create('a', { app: 'x' })
    const watched = await api.watch(`${configMaps}?watch=1&labelSelector=app%3Dx`)
    const changed = versionOf(await patch('a', { metadata: { labels: { app: 'y' } } }))
    const [, left] = watched.events
    expect(left).toMatchObject({
      type: 'DELETED',
      object: { metadata: { labels: { app: 'x' }, resourceVersion: String(changed) } },
    })
  })

  test('has the version of its removal', async () => {
    const created = versionOf(await create('a'))
    const watched = await api.watch(`${configMaps}?watch=1&resourceVersion=${created}`)
    await api.request('DELETE', `${configMaps}/a`)
    expect(shown(watched)).toEqual([`DELETED a@${created + 1}`])
    expect(api.context.objects.store.revision).toBe(created + 1)
  })
})

test('nothing between its start and its stream is lost or told twice', async () => {
  await create('a')
  const answer = await api.send('GET', `${configMaps}?watch=1`)
  const [b, c] = [versionOf(await create('b')), versionOf(await patch('a', { data: { x: '1' } }))]
  const watched = api.follow(answer)
  const last = versionOf(await create('c'))
  expect(shown(watched).slice(1)).toEqual([`ADDED b@${b}`, `MODIFIED a@${c}`, `ADDED c@${last}`])
  expect(watched.events[0]).toMatchObject({ type: 'ADDED', object: { metadata: { name: 'a' } } })
})

test('an event is encoded once for all watches of a form', async () => {
  const metadata = { accept: 'application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io' }
  const watched = await Promise.all(
    [metadata, metadata, metadata, {}, table].map((options) => api.watch(`${configMaps}?watch=1`, options)),
  )
  const encoded = vi.spyOn(JSON, 'stringify')
  await create('a')
  const kinds = encoded.mock.calls.map(([value]) => (value as { kind?: string } | null)?.kind)
  vi.restoreAllMocks()
  expect(kinds.filter((kind) => kind === 'PartialObjectMetadata')).toHaveLength(1)
  expect(kinds.filter((kind) => kind === 'ConfigMap')).toHaveLength(1)
  expect(watched.map(({ events }) => events.map(({ type, object }) => `${type} ${String(object['kind'])}`))).toEqual([
    ['ADDED PartialObjectMetadata'],
    ['ADDED PartialObjectMetadata'],
    ['ADDED PartialObjectMetadata'],
    ['ADDED ConfigMap'],
    ['ADDED Table'],
  ])
})

test('bookmarks come every minute, only move forward, and are resumed from without a gap', async () => {
  await create('a')
  const watched = await api.watch(`${configMaps}?watch=1&allowWatchBookmarks=true`)
  clock.advance(60_000)
  await api.request('POST', '/api/v1/namespaces', { metadata: { name: 'elsewhere' } })
  clock.advance(60_000)
  const b = versionOf(await create('b'))
  clock.advance(60_000)
  expect(watched.events.map(({ type }) => type)).toEqual(['ADDED', 'BOOKMARK', 'BOOKMARK', 'ADDED', 'BOOKMARK'])
  const versions = watched.events.map((event) => Number(metadataOf(event)['resourceVersion']))
  expect(versions).toEqual([...versions].sort((x, y) => x - y))
  const resumed = await api.watch(`${configMaps}?watch=1&resourceVersion=${versions[2]}`)
  expect(shown(resumed)).toEqual([`ADDED b@${b}`])
})

test('its time is up when its client said so, an hour later otherwise, and in any case some day', async () => {
  for (const [query, ms] of [
    ['timeoutSeconds=7', 7000],
    ['', 3_600_000],
    ['timeoutSeconds=99999999999', 2 ** 31 - 1],
  ] as const) {
    const watched = await api.watch(`${configMaps}?watch=1&${query}`)
    expect(clock.nextTimerMs).toBe(ms)
    clock.advance(ms)
    await watched.ended
    expect(clock.nextTimerMs).toBeUndefined()
  }
})

test('leaves nothing behind when its client has gone', async () => {
  const watched = await api.watch(`${configMaps}?watch=1&allowWatchBookmarks=1`)
  expect(clock.nextTimerMs).toBe(60_000)
  watched.stop()
  await watched.ended
  await create('a')
  expect(watched.events).toEqual([])
  expect(clock.nextTimerMs).toBeUndefined()
})

test('as tables it tells the columns once', async () => {
  await create('a')
  const watched = await api.watch(`${configMaps}?watch=1&allowWatchBookmarks=1`, table)
  await patch('a', { data: { x: '1' } })
  clock.advance(60_000)
  await api.request('DELETE', `${configMaps}/a`)
  expect(watched.events.map(({ object }) => object['kind'])).toEqual(['Table', 'Table', 'Table', 'Table'])
  const columns = watched.events.map(({ object }) => (object['columnDefinitions'] as unknown[] | null)?.length)
  expect(columns).toEqual([3, undefined, undefined, undefined])
  expect(watched.events[2]).toMatchObject({
    type: 'BOOKMARK',
    object: { rows: [{ object: { kind: 'PartialObjectMetadata' } }] },
  })
})

test('as metadata its bookmarks are metadata too', async () => {
  const accept = 'application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io'
  const watched = await api.watch(`${configMaps}?watch=1&allowWatchBookmarks=1`, { accept })
  clock.advance(60_000)
  expect(watched.events).toMatchObject([{
    type: 'BOOKMARK',
    object: { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1' },
  }])
})

test('without initial events it begins with what comes next', async () => {
  await create('a')
  const options = 'sendInitialEvents=false&resourceVersionMatch=NotOlderThan'
  const watched = await api.watch(`${configMaps}?watch=1&${options}`)
  const b = versionOf(await create('b'))
  expect(shown(watched)).toEqual([`ADDED b@${b}`])
})

test('an object that cannot be read ends a watch, and nothing else', async () => {
  const watched = await api.watch(`${configMaps}?watch=1`)
  await api.context.objects.store.create('/registry/configmaps/default/unreadable', 'no JSON')
  await watched.ended
  expect(watched.events.at(-1)).toMatchObject({ type: 'ERROR', object: { kind: 'Status', code: 500 } })
  expect((await create('a')).code).toBe(201)
})

test('who was too slow for what came meanwhile is told to list again', async () => {
  await create('a')
  const answer = await api.send('GET', `${configMaps}?watch=1`)
  await create('b')
  await create('c')
  await api.context.objects.store.compact(api.context.objects.store.revision)
  const watched = api.follow(answer)
  await watched.ended
  expect(watched.events.at(-1)).toMatchObject({ type: 'ERROR', object: { code: 410, reason: 'Expired' } })
})
