/** Kinds in other forms than their own: what goes through a view speaks that form's language in every respect. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { eventV1View } from '../api/kinds/events-v1.ts'
import { ingressKind } from '../api/kinds/ingress.ts'
import { legacyIngressViews } from '../api/kinds/legacy-ingress.ts'
import { testApi, type Answer, type TestApi } from './test-api.ts'

let api: TestApi
beforeEach(async () => {
  api = await testApi()
  api.context.kinds.add(ingressKind)
  for (const view of [eventV1View, ...legacyIngressViews]) api.context.kinds.addView(view)
})
afterEach(() => api[Symbol.asyncDispose]())

const inDefault = 'namespaces/default'
const legacy = `/apis/extensions/v1beta1/${inDefault}/ingresses`
const current = `/apis/networking.k8s.io/v1/${inDefault}/ingresses`
const newEvents = `/apis/events.k8s.io/v1/${inDefault}/events`
const oldEvents = `/api/v1/${inDefault}/events`
const apply = { contentType: 'application/apply-patch+yaml' }
const mergePatch = { contentType: 'application/merge-patch+json' }

const backend = { serviceName: 'kubia', servicePort: 80 }
const ingress = (spec: object, metadata: object = {}) => ({ metadata: { name: 'web', ...metadata }, spec })
const paths = (...list: object[]) => ({ rules: [{ http: { paths: list } }] })
const causes = ({ body }: Answer) => (body['details'] as { causes?: { field: string }[] } | undefined)?.causes?.map(({ field }) => field)

describe('problems of an old Ingress have the names of its own fields', () => {
  const path = 'spec.rules[0].http.paths[0]'
  const cases: { name: string; spec: object; fields: string[]; says?: string }[] = [
    { name: 'nothing', spec: {}, fields: ['spec'], says: 'either `backend` or `rules` must be specified' },
    { name: 'a default backend without a port', spec: { backend: { serviceName: 'kubia' } }, fields: ['spec.backend'] },
    {
      name: 'a default backend that cannot be named',
      spec: { backend: { serviceName: 'No', servicePort: 'ok' } },
      fields: ['spec.backend.serviceName'],
    },
    {
      name: 'no name of a Service',
      spec: paths({ path: '/', backend: { servicePort: 80 } }),
      fields: [`${path}.backend.serviceName`],
      says: `${path}.backend.serviceName: Required value`,
    },
    {
      name: 'a number that is no port',
      spec: paths({ path: '/', backend: { ...backend, servicePort: 99999 } }),
      fields: [`${path}.backend.servicePort`],
    },
    {
      name: 'a name that is no port',
      spec: paths({ path: '/', backend: { ...backend, servicePort: 'a--b' } }),
      fields: [`${path}.backend.servicePort`],
    },
    {
      name: 'a reference without a name',
      spec: paths({ path: '/', backend: { resource: { kind: 'Bucket' } } }),
      fields: [`${path}.backend.resource.name`],
    },
    { name: 'a path', spec: paths({ path: 'a', backend }), fields: [`${path}.path`] },
  ]
  for (const { name, spec, fields, says = '' } of cases) {
    test(name, async () => {
      const created = await api.request('POST', legacy, ingress(spec))
      expect(created.code).toBe(422)
      expect(causes(created)).toEqual(fields)
      expect(created.body['message']).toContain(says)
      await api.request('POST', legacy, ingress({ backend }))
      const updated = await api.request('PUT', `${legacy}/web`, ingress(spec))
      expect(causes(updated)).toEqual(fields)
    })
  }

  test('those of today have theirs', async () => {
    const answer = await api.request('POST', current, ingress({ defaultBackend: { service: { name: 'No', port: { number: 99999 } } } }))
    expect(causes(answer)).toEqual(['spec.defaultBackend.service.name', 'spec.defaultBackend.service.port.number'])
  })
})

describe('fields that the form does not have', () => {
  const body = `{"metadata":{"name":"web"},"spec":{"backend":{"serviceName":"a","serviceName":"kubia","servicePort":80},"defaultBackend":{}}}`
  const problems = ['duplicate field "spec.backend.serviceName"', 'unknown field "spec.defaultBackend"']

  test('are refused if the client wants it', async () => {
    const answer = await api.request('POST', `${legacy}?fieldValidation=Strict`, body)
    expect(answer.code).toBe(400)
    expect(answer.body['message']).toBe(
      `Ingress in version "v1beta1" cannot be handled as a Ingress: strict decoding error: ${problems.join(', ')}`,
    )
  })

  test('are warned of otherwise, and left out', async () => {
    const { code, warnings } = await api.request('POST', legacy, body)
    expect([code, warnings.slice(1)]).toEqual([201, problems])
    const stored = await api.request('GET', `${current}/web`)
    expect(stored.body['spec']).toEqual({ defaultBackend: { service: { name: 'kubia', port: { number: 80 } } } })
  })

  test('are refused in a patch and told of a replacement likewise', async () => {
    await api.request('POST', legacy, ingress({ backend }))
    const patch = { spec: { defaultBackend: null, backends: {} } }
    const strict = await api.request('PATCH', `${legacy}/web?fieldValidation=Strict`, patch, mergePatch)
    expect(strict.body['message']).toContain('strict decoding error: unknown field "spec.backends"')
    const replaced = await api.request('PUT', `${legacy}/web`, ingress({ backend, backends: {} }))
    expect(replaced.warnings.slice(1)).toEqual(['unknown field "spec.backends"'])
  })
})

describe('owners of fields', () => {
  test('own what the form calls them, in its version', async () => {
    const applied = { apiVersion: 'extensions/v1beta1', kind: 'Ingress', ...ingress({ backend }) }
    expect((await api.request('PATCH', `${legacy}/web?fieldManager=me`, applied, apply)).code).toBe(201)
    const stored = await api.request('GET', `${current}/web`)
    expect(stored.body).toMatchObject({
      metadata: {
        managedFields: [
          {
            manager: 'me',
            operation: 'Apply',
            apiVersion: 'extensions/v1beta1',
            fieldsV1: { 'f:spec': { 'f:backend': { 'f:serviceName': {}, 'f:servicePort': {} } } },
          },
        ],
      },
    })
  })

  test('are in the way of others, whatever form these write', async () => {
    const applied = { apiVersion: 'extensions/v1beta1', kind: 'Ingress', ...ingress({ backend }) }
    await api.request('PATCH', `${legacy}/web?fieldManager=me`, applied, apply)
    const service = { name: 'other', port: { number: 80 } }
    const other = { apiVersion: 'networking.k8s.io/v1', kind: 'Ingress', ...ingress({ defaultBackend: { service } }) }
    const conflict = await api.request('PATCH', `${current}/web?fieldManager=you`, other, apply)
    expect(conflict).toMatchObject({ code: 409, body: { reason: 'Conflict' } })
    expect(conflict.body['message']).toContain('conflict with "me": .spec.backend.serviceName')
    expect((await api.request('PATCH', `${current}/web?fieldManager=you&force=true`, other, apply)).code).toBe(200)
    const left = await api.request('GET', `${legacy}/web`)
    expect(left.body['spec']).toMatchObject({ backend: { serviceName: 'other' } })
    const again = await api.request('PATCH', `${legacy}/web?fieldManager=me`, applied, apply)
    expect(again.body['message']).toContain('conflict with "you": .spec.defaultBackend.service.name')
  })
})

describe('events of events.k8s.io', () => {
  const eventTime = '2026-01-01T00:00:00.000000Z'
  const event = {
    metadata: { name: 'e' },
    eventTime,
    type: 'Normal',
    reason: 'Pulled',
    action: 'Pull',
    note: 'text',
    regarding: { kind: 'Pod', name: 'web', namespace: 'default' },
    reportingController: 'example.com/agent',
    reportingInstance: 'agent-1',
  }

  const refused: { name: string; body: object; fields: string[] }[] = [
    { name: 'no time', body: { ...event, eventTime: null }, fields: ['eventTime'] },
    { name: 'another type', body: { ...event, type: 'Odd' }, fields: ['type'] },
    { name: 'a count', body: { ...event, deprecatedCount: 3 }, fields: ['count'] },
    { name: 'a series of one', body: { ...event, series: { count: 1, lastObservedTime: eventTime } }, fields: ['series.count'] },
    { name: 'nobody who reports it', body: { ...event, reportingController: '' }, fields: expect.arrayContaining(['reportingController']) },
  ]
  for (const { name, body, fields } of refused) {
    test(`are refused with ${name}`, async () => {
      expect(causes(await api.request('POST', newEvents, body))).toEqual(fields)
    })
  }

  test('do not change, but for their series; those of core/v1 may', async () => {
    expect((await api.request('POST', newEvents, event)).code).toBe(201)
    expect(causes(await api.request('PUT', `${newEvents}/e`, { ...event, note: 'else' }))).toEqual(['message'])
    const series = { count: 2, lastObservedTime: eventTime }
    expect((await api.request('PUT', `${newEvents}/e`, { ...event, series })).code).toBe(200)
    expect((await api.request('PATCH', `${oldEvents}/e`, { message: 'else' }, mergePatch)).code).toBe(200)
  })

  const selectors: { path: string; selector: string; count: number }[] = [
    { path: newEvents, selector: 'regarding.name=web', count: 1 },
    { path: newEvents, selector: 'regarding.name!=web', count: 0 },
    { path: newEvents, selector: 'reportingController=example.com/agent,type=Normal', count: 1 },
    { path: newEvents, selector: 'source=example.com/agent', count: 1 },
    { path: newEvents, selector: 'metadata.name=e', count: 1 },
    { path: oldEvents, selector: 'involvedObject.name=web', count: 1 },
  ]
  for (const { path, selector, count } of selectors) {
    test(`of ${path} are selected by ${selector}`, async () => {
      await api.request('POST', newEvents, event)
      const { body } = await api.request('GET', `${path}?fieldSelector=${encodeURIComponent(selector)}`)
      expect(body['items']).toHaveLength(count)
    })
  }

  for (const { path, field } of [
    { path: newEvents, field: 'involvedObject.name' },
    { path: newEvents, field: 'reportingComponent' },
    { path: oldEvents, field: 'regarding.name' },
  ]) {
    test(`of ${path} are not selected by ${field}`, async () => {
      const answer = await api.request('GET', `${path}?fieldSelector=${field}%3Da`)
      expect(answer).toMatchObject({ code: 400, body: { message: `field label not supported: ${field}` } })
    })
  }

  test('are watched by their own names', async () => {
    const watched = await api.watch(`${newEvents}?watch=1&fieldSelector=regarding.name%3Dweb`)
    await api.request('POST', newEvents, event)
    await expect.poll(() => watched.events).toMatchObject([{ type: 'ADDED', object: { regarding: { name: 'web' } } }])
  })
})

test('rows of a table carry their objects in the form that was asked for', async () => {
  await api.request('POST', legacy, ingress({ backend }))
  const accept = 'application/json;as=Table;g=meta.k8s.io;v=v1'
  const table = await api.request('GET', `${legacy}?includeObject=Object`, undefined, { accept })
  expect(table.body['rows']).toMatchObject([{ object: { apiVersion: 'extensions/v1beta1', spec: { backend } } }])
})
