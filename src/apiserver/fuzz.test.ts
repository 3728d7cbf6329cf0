import * as fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { kinds } from '../api/kinds/index.ts'
import { resourcePath } from '../api/resource.ts'
import type { ApiResponse } from './request.ts'
import { testApi, type TestApi } from './test-api.ts'

let api: TestApi
beforeAll(async () => {
  api = await testApi()
  for (const resource of resources) {
    for (const name of ['a', 'b']) {
      const path = resourcePath(resource, { namespace: 'default' })
      await api.request('POST', path, { metadata: { name, finalizers: ['example.com/held'] }, ...sound[resource.kind] })
    }
  }
})
afterAll(() => api[Symbol.asyncDispose]())

const resources = kinds.map(({ resource }) => resource)

/** One of the words of a text. */
function anyOf(text: string): fc.Arbitrary<string> {
  return fc.constantFrom(...text.trim().split(/\s+/))
}

/** Words that mean something somewhere, so that chance finds the way past the first check, and some that should not. */
const word = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.constantFrom('a', 'b', 'default', 'kube-system', 'v1', '', 'All', '0', '1', '5', 'true', 'None'),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom('__proto__', 'constructor', 'toString', '../..', '%2e', '\u0000', '\ud800', '💥'),
  },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 8 }) },
)
const fieldName = anyOf(`
  metadata name namespace labels annotations finalizers ownerReferences uid generateName resourceVersion
  deletionTimestamp spec status data type ports port nodePort clusterIP clusterIPs selector replicas template
  containers image env volumes nodeName subsets endpoints addresses addressType conditions involvedObject
  externalTrafficPolicy target kind apiVersion gracePeriodSeconds preconditions propagationPolicy dryRun op path
  value $patch
`)
const scalar = fc.oneof(word, fc.integer({ min: -2, max: 70_000 }), fc.constant(null), fc.boolean(), fc.double())
const { value } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    { weight: 3, arbitrary: scalar },
    { weight: 1, arbitrary: fc.array(tie('value'), { maxLength: 3 }) },
    {
      weight: 2,
      arbitrary: fc.dictionary(fc.oneof({ weight: 5, arbitrary: fieldName }, word), tie('value'), { maxKeys: 5 }),
    },
  ),
}))

/** Objects that are accepted as they are: a part is replaced, and so what lies beyond the decoder is reached. */
const sound: Readonly<Record<string, object>> = {
  Endpoints: {
    subsets: [{ addresses: [{ ip: '10.0.0.1', targetRef: { kind: 'Pod', name: 'a' } }], ports: [{ port: 80 }] }],
  },
  EndpointSlice: {
    addressType: 'IPv4',
    endpoints: [{ addresses: ['10.0.0.1'], conditions: { ready: true } }],
    ports: [{ port: 80 }],
  },
  Event: { involvedObject: { kind: 'Pod', name: 'a', namespace: 'default' }, reason: 'x', source: { component: 'y' } },
  Node: {
    spec: { taints: [{ key: 'a', effect: 'NoSchedule' }], podCIDR: '10.0.0.0/24' },
    status: { capacity: { cpu: '1' } },
  },
  Pod: {
    spec: {
      containers: [{
        name: 'main',
        image: 'busybox',
        env: [{ name: 'A', value: 'b' }],
        ports: [{ containerPort: 80 }],
      }],
      volumes: [{ name: 'a', emptyDir: {} }],
    },
  },
  ReplicationController: {
    spec: {
      replicas: 1,
      template: { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'a', image: 'b' }] } },
    },
  },
  Secret: { data: { a: 'YQ==' }, type: 'Opaque' },
  Service: {
    spec: { type: 'LoadBalancer', externalTrafficPolicy: 'Local', ports: [{ port: 80 }], selector: { a: 'b' } },
  },
}

/** The value with one of its parts, chosen by a number, replaced by another. */
function withPart(original: unknown, choice: number, part: unknown): unknown {
  if (typeof original !== 'object' || original === null || choice === 0) return part
  const keys = Object.keys(original)
  const key = keys[choice % keys.length]
  if (key === undefined) return part
  const changed = withPart(Reflect.get(original, key), Math.floor(choice / keys.length), part)
  return Array.isArray(original)
    ? original.map((item, index) => (String(index) === key ? changed : item))
    : { ...original, [key]: changed }
}

const body = fc.oneof(
  { weight: 4, arbitrary: fc.record({ choice: fc.nat(5000), part: value }) },
  { weight: 2, arbitrary: fc.record({ part: value }) },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 30 }) },
  { weight: 1, arbitrary: fc.constant({ choice: Infinity, part: undefined }) },
)
const parameters = fc.dictionary(
  anyOf(`
    labelSelector fieldSelector limit continue resourceVersion resourceVersionMatch watch dryRun timeoutSeconds
    sendInitialEvents allowWatchBookmarks includeObject fieldValidation gracePeriodSeconds propagationPolicy
    orphanDependents fieldManager force container command
  `),
  fc.oneof(
    word,
    fc.constantFrom('metadata.name=a', 'status.phase!=x', 'a in (b,c)', '!a', 'Exact', 'Ignore', 'Strict', 'Object'),
  ),
  { maxKeys: 3 },
)
const table = 'application/json;as=Table;v=v1;g=meta.k8s.io'
const patches = ['merge-patch', 'json-patch', 'strategic-merge-patch'].map((type) => `application/${type}+json`)
const usual = anyOf(`
  GET/collection GET/object POST/collection PUT/object PATCH/object DELETE/object PUT/subresource
  PATCH/subresource POST/subresource GET/subresource PUT/object PATCH/object
`)
const odd = anyOf(
  'DELETE/collection BREW/all HEAD/collection GET/all POST/all PUT/collection GET/anywhere POST/anywhere',
)
const request = fc.record({
  what: fc.oneof({ weight: 15, arbitrary: usual }, odd),
  resource: fc.constantFrom(...resources),
  name: fc.oneof({ weight: 5, arbitrary: fc.constantFrom('a', 'b', 'c') }, word),
  subresource: fc.constantFrom('status', 'scale', 'binding', 'finalize', 'log', 'exec', 'nothing'),
  path: fc.array(word, { maxLength: 6 }),
  query: fc.oneof({ weight: 4, arbitrary: fc.constant({}) }, parameters),
  contentType: fc.oneof(
    { weight: 10, arbitrary: fc.constant('') },
    fc.constantFrom('application/json', 'application/yaml', 'application/apply-patch+yaml', 'text/plain', ...patches),
  ),
  patchType: fc.constantFrom(...patches),
  accept: fc.oneof(
    { weight: 9, arbitrary: fc.constantFrom('', '*/*', table) },
    fc.constantFrom('nonsense;;q=x', `${table}beta`),
  ),
  body,
})
type Request = typeof request extends fc.Arbitrary<infer T> ? T : never

function pathOf({ what, resource, name: anyName, subresource, path }: Request): string {
  // Lone surrogates cannot be in a URL.
  const name = anyName.toWellFormed()
  const target = { namespace: 'default', name }
  switch (what.split('/')[1]) {
    case 'all':
      return resourcePath(resource)
    case 'collection':
      return resourcePath(resource, { namespace: 'default' })
    case 'object':
      return resourcePath(resource, target)
    case 'subresource':
      return resourcePath(resource, { ...target, subresource })
    default:
      return `/${['api', ...path].join('/')}`
  }
}

function bodyOf({ resource, body, name }: Request): string {
  if (typeof body === 'string') return body
  if (!('choice' in body)) return JSON.stringify(body.part) ?? ''
  const whole = { metadata: { name, labels: { a: 'b' } }, ...sound[resource.kind] }
  return JSON.stringify(body.choice === Infinity ? whole : withPart(whole, body.choice, body.part)) ?? ''
}

/** Reads an answer to its end; a watch is ended as soon as it has begun. */
async function textOf({ body }: ApiResponse): Promise<string> {
  if (typeof body !== 'function') return String(body)
  const pieces: string[] = []
  await body((chunk) => void pieces.push(String(chunk)), AbortSignal.abort())
  return pieces.join('')
}

async function expectAnswered(asked: Request): Promise<void> {
  const [method = ''] = asked.what.split('/')
  const contentType = asked.contentType === '' && method === 'PATCH' ? asked.patchType : asked.contentType
  const query = new URLSearchParams(asked.query)
  const answer = await api.send(method, pathOf(asked), bodyOf(asked), { query, contentType, accept: asked.accept })
  const text = await textOf(answer)
  expect({ code: answer.status, text }).not.toMatchObject({ code: 500 })
  if (answer.status < 400) return
  expect(JSON.parse(text)).toMatchObject({ kind: 'Status', status: 'Failure', code: answer.status })
}

test('no request makes the server fail, and what it has stored can be read', { timeout: 60_000 }, async () => {
  const all = fc.asyncProperty(request, expectAnswered)
  await fc.assert(all, { interruptAfterTimeLimit: 8000, numRuns: 25_000, includeErrorInReport: true })
  for (const resource of resources) {
    const path = resourcePath(resource)
    const shown = JSON.parse(await textOf(await api.send('GET', path, undefined, { accept: table })))
    const { items } = JSON.parse(await textOf(await api.send('GET', path)))
    expect(shown.rows).toHaveLength(items.length)
    for (const item of items) {
      expect(item).toMatchObject({
        metadata: { name: expect.any(String), uid: expect.stringMatching(/^[0-9a-f-]{36}$/) },
      })
    }
  }
})
