import { expect, test } from 'vitest'
import type { KubeObject } from '../api/object.ts'
import type { Resource } from '../api/resource.ts'
import { apiClient } from './api-client.ts'
import { ConnectionError, type Client, type WatchEvent } from './client.ts'
import type { Transport, TransportRequest } from './transport.ts'

const pods: Resource = { group: '', version: 'v1', kind: 'Pod', plural: 'pods', singular: 'pod', namespaced: true }
const slices: Resource = {
  group: 'discovery.k8s.io',
  version: 'v1',
  kind: 'EndpointSlice',
  plural: 'endpointslices',
  singular: 'endpointslice',
  namespaced: true,
}
const nodes: Resource = { ...pods, kind: 'Node', plural: 'nodes', singular: 'node', namespaced: false }

const web = { namespace: 'default', name: 'web' }
const of = (subresource: string) => ({ ...web, subresource })

function object(name: string, resourceVersion = '7'): KubeObject {
  const metadata = { namespace: 'default', name, uid: 'u', resourceVersion, creationTimestamp: '2026-01-01T00:00:00Z' }
  return { apiVersion: 'v1', kind: 'Pod', metadata }
}

/** A transport that answers the same to everything, and the requests that it was given. */
function answering(status: number, ...pieces: string[]) {
  const requests: TransportRequest[] = []
  const transport: Transport = async (request) => {
    requests.push(request)
    return { status, body: (async function* () {
      yield* pieces
    })() }
  }
  return { client: apiClient(transport), requests }
}

async function collect<T extends KubeObject>(events: AsyncIterable<WatchEvent<T>>): Promise<string[]> {
  const seen: string[] = []
  for await (const event of events) {
    const what = event.type === 'BOOKMARK' ? event.resourceVersion : event.object.metadata.name
    seen.push(`${event.type} ${what}`)
  }
  return seen
}

interface RequestCase {
  readonly name: string
  readonly call: (client: Client) => Promise<unknown>
  /** `METHOD path contentType`, then the body's value. */
  readonly sends: readonly [string, unknown?]
}

const requestCases: readonly RequestCase[] = [
  { name: 'get', call: (client) => client.get(pods, web), sends: ['GET /api/v1/namespaces/default/pods/web'] },
  {
    name: 'get of a cluster-scoped object',
    call: (client) => client.get(nodes, { name: 'node-1' }),
    sends: ['GET /api/v1/nodes/node-1'],
  },
  {
    name: 'get of a subresource in a named group',
    call: (client) => client.get(slices, of('status')),
    sends: ['GET /apis/discovery.k8s.io/v1/namespaces/default/endpointslices/web/status'],
  },
  { name: 'list everywhere', call: (client) => client.list(pods), sends: ['GET /api/v1/pods'] },
  {
    name: 'list of a page and a selection',
    call: (client) =>
      client.list(pods, {
        namespace: 'default',
        labelSelector: 'app in (a,b)',
        fieldSelector: 'spec.nodeName=node-1',
        limit: 500,
        continue: 'a+b/c=',
      }),
    sends: [
      'GET /api/v1/namespaces/default/pods?labelSelector=app+in+%28a%2Cb%29&fieldSelector=spec.nodeName%3Dnode-1' +
        '&limit=500&continue=a%2Bb%2Fc%3D',
    ],
  },
  {
    name: 'create fills kind and version in',
    call: (client) => client.create(slices, { metadata: web }),
    sends: [
      'POST /apis/discovery.k8s.io/v1/namespaces/default/endpointslices application/json',
      { apiVersion: 'discovery.k8s.io/v1', kind: 'EndpointSlice', metadata: web },
    ],
  },
  {
    name: 'update',
    call: (client) => client.update(pods, object('web')),
    sends: ['PUT /api/v1/namespaces/default/pods/web application/json', object('web')],
  },
  {
    name: 'updateStatus',
    call: (client) => client.updateStatus(pods, object('web')),
    sends: ['PUT /api/v1/namespaces/default/pods/web/status application/json', object('web')],
  },
  {
    name: 'merge patch',
    call: (client) => client.patch(pods, web, { type: 'merge', body: { spec: null } }),
    sends: ['PATCH /api/v1/namespaces/default/pods/web application/merge-patch+json', { spec: null }],
  },
  {
    name: 'strategic patch of status',
    call: (client) => client.patch(pods, of('status'), { type: 'strategic', body: { status: {} } }),
    sends: ['PATCH /api/v1/namespaces/default/pods/web/status application/strategic-merge-patch+json', { status: {} }],
  },
  {
    name: 'JSON patch',
    call: (client) => client.patch(pods, web, { type: 'json', body: [{ op: 'remove', path: '/spec' }] }),
    sends: ['PATCH /api/v1/namespaces/default/pods/web application/json-patch+json', [{ op: 'remove', path: '/spec' }]],
  },
  {
    name: 'delete',
    call: (client) => client.delete(pods, web),
    sends: ['DELETE /api/v1/namespaces/default/pods/web application/json', { kind: 'DeleteOptions', apiVersion: 'v1' }],
  },
  {
    name: 'delete with everything',
    call: (client) =>
      client.delete(pods, web, { gracePeriodSeconds: 0, propagationPolicy: 'Orphan', uid: 'u', resourceVersion: '7' }),
    sends: [
      'DELETE /api/v1/namespaces/default/pods/web application/json',
      {
        kind: 'DeleteOptions',
        apiVersion: 'v1',
        gracePeriodSeconds: 0,
        propagationPolicy: 'Orphan',
        preconditions: { uid: 'u', resourceVersion: '7' },
      },
    ],
  },
  {
    name: 'createSubresource',
    call: (client) => client.createSubresource(pods, of('binding'), { target: { name: 'node-1' } }),
    sends: ['POST /api/v1/namespaces/default/pods/web/binding application/json', { target: { name: 'node-1' } }],
  },
  {
    name: 'updateSubresource',
    call: (client) => client.updateSubresource(nodes, { name: 'a', subresource: 'finalize' }, { spec: {} }),
    sends: ['PUT /api/v1/nodes/a/finalize application/json', { spec: {} }],
  },
]

for (const { name, call, sends } of requestCases) {
  test(`sends: ${name}`, async () => {
    const { client, requests } = answering(200, '{}')
    await call(client)
    const sent = requests.map(({ method, path, contentType, body }) => [
      [method, path, contentType].filter((part) => part !== undefined).join(' '),
      ...(body === undefined ? [] : [JSON.parse(body)]),
    ])
    expect(sent).toEqual([sends])
  })
}

test('gives list items their kind, and the continue token only if there is one', async () => {
  const { metadata } = object('web')
  const body = JSON.stringify({ metadata: { resourceVersion: '9', continue: '' }, items: [{ metadata }] })
  expect(await answering(200, body).client.list(pods)).toEqual({ items: [object('web')], resourceVersion: '9' })
  const more = answering(200, '{"metadata":{"resourceVersion":"9","continue":"next"},"items":null}')
  expect(await more.client.list(pods)).toEqual({ items: [], resourceVersion: '9', continue: 'next' })
})

for (const { name, status, body, error } of [
  {
    name: 'a Status',
    status: 409,
    body: '{"kind":"Status","code":409,"reason":"Conflict","message":"modified","details":{"name":"web"}}',
    error: { code: 409, reason: 'Conflict', message: 'modified', status: { details: { name: 'web' } } },
  },
  {
    name: 'text',
    status: 503,
    body: '\nupstream connect error\nmore',
    error: { code: 503, reason: 'ServiceUnavailable', message: 'upstream connect error' },
  },
  {
    name: 'nothing',
    status: 418,
    body: '',
    error: { code: 418, reason: 'Unknown', message: 'the server answered 418 without a message' },
  },
  { name: 'half a Status', status: 500, body: '{"kind":"Sta', error: { code: 500, message: '{"kind":"Sta' } },
]) {
  test(`throws the server's own words: ${name}`, async () => {
    const { client } = answering(status, body)
    await expect(client.get(pods, web)).rejects.toMatchObject({ name: 'StatusError', ...error })
    await expect(collect(client.watch(pods, { resourceVersion: '1' }))).rejects.toMatchObject({ code: error.code })
  })
}

test('an answer that is no JSON is a broken connection', async () => {
  await expect(answering(200, '<html>').client.get(pods, web)).rejects.toBeInstanceOf(ConnectionError)
})

test('reads watch events however they are cut', async () => {
  const lines = [
    { type: 'ADDED', object: object('a') },
    { type: 'MODIFIED', object: object('b') },
    { type: 'BOOKMARK', object: { kind: 'Pod', metadata: { resourceVersion: '12' } } },
    { type: 'DELETED', object: object('c') },
  ]
  const text = lines.map((line) => `${JSON.stringify(line)}\n`).join('')
  for (const size of [1, 7, 100, text.length]) {
    const pieces = text.match(new RegExp(`[^]{1,${size}}`, 'g')) ?? []
    const { client, requests } = answering(200, ...pieces)
    const events = client.watch(pods, { resourceVersion: '5', bookmarks: true })
    expect(await collect(events)).toEqual(['ADDED a', 'MODIFIED b', 'BOOKMARK 12', 'DELETED c'])
    const path = '/api/v1/pods?watch=true&resourceVersion=5&allowWatchBookmarks=true'
    expect(requests).toEqual([{ method: 'GET', path }])
  }
})

for (const { name, text, error } of [
  {
    name: 'an ERROR event',
    text: '{"type":"ERROR","object":{"kind":"Status","code":410,"reason":"Expired","message":"too old"}}\n',
    error: { name: 'StatusError', code: 410, reason: 'Expired', message: 'too old' },
  },
  { name: 'a stream that ends inside an event', text: '{"type":"ADD', error: { name: 'ConnectionError' } },
  { name: 'an unknown event', text: '{"type":"RENAMED","object":{}}\n', error: { name: 'ConnectionError' } },
]) {
  test(`a watch throws on ${name}, after what came before it`, async () => {
    const { client } = answering(200, `${JSON.stringify({ type: 'ADDED', object: object('a') })}\n`, text)
    const events = client.watch(pods, { resourceVersion: '5' })[Symbol.asyncIterator]()
    expect((await events.next()).value).toMatchObject({ type: 'ADDED' })
    await expect(events.next()).rejects.toMatchObject(error)
  })
}

test('a watch ends quietly when its signal aborts, another call with the reason', async () => {
  const ending = new AbortController()
  const transport: Transport = async ({ signal }) => {
    signal?.throwIfAborted()
    return { status: 200, body: (async function* () {
      yield `${JSON.stringify({ type: 'ADDED', object: object('a') })}\n`
      signal?.throwIfAborted()
    })() }
  }
  const client = apiClient(transport)
  const events = client.watch(pods, { resourceVersion: '1', signal: ending.signal })[Symbol.asyncIterator]()
  await events.next()
  ending.abort(new Error('enough'))
  expect(await events.next()).toEqual({ done: true, value: undefined })
  await expect(client.get(pods, web, { signal: ending.signal })).rejects.toThrow('enough')
})
