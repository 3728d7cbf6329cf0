/** What the client is told beside an answer, by every verb that has something to tell. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ingressKind } from '../../api/kinds/ingress.ts'
import { legacyIngressViews } from '../../api/kinds/legacy-ingress.ts'
import { testApi, type TestApi } from '../test-api.ts'

const inDefault = '/namespaces/default'
const services = `/api/v1${inDefault}/services`
const endpoints = `/api/v1${inDefault}/endpoints`
const deployments = `/apis/apps/v1${inDefault}/deployments`
const legacy = `/apis/extensions/v1beta1${inDefault}/ingresses`

let api: TestApi
beforeEach(async () => {
  api = await testApi()
  api.context.kinds.add(ingressKind)
  for (const view of legacyIngressViews) api.context.kinds.addView(view)
})
afterEach(() => api[Symbol.asyncDispose]())

const jsonPatch = { contentType: 'application/json-patch+json' }
const mergePatch = { contentType: 'application/merge-patch+json' }
const strategicPatch = { contentType: 'application/strategic-merge-patch+json' }
const applyPatch = { contentType: 'application/apply-patch+yaml' }

const hinted = 'service.kubernetes.io/topology-aware-hints'
const useMode = `annotation ${hinted} is deprecated, please use service.kubernetes.io/topology-mode instead`
const annotated = { name: 'web', annotations: { [hinted]: 'auto' } }
const spec = { ports: [{ port: 80 }] }
const typeMeta = { apiVersion: 'v1', kind: 'Service' }

describe('a write that its kind has something to say of', () => {
  const annotate = { metadata: { annotations: annotated.annotations } }
  const cases: { name: string; method: string; path: string; body: unknown; options?: object }[] = [
    { name: 'a replacement', method: 'PUT', path: `${services}/web`, body: { metadata: annotated, spec } },
    { name: 'a merge patch', method: 'PATCH', path: `${services}/web`, body: annotate, options: mergePatch },
    { name: 'a strategic merge patch', method: 'PATCH', path: `${services}/web`, body: annotate, options: strategicPatch },
    {
      name: 'a JSON patch',
      method: 'PATCH',
      path: `${services}/web`,
      body: [{ op: 'add', path: '/metadata/annotations', value: annotated.annotations }],
      options: jsonPatch,
    },
    {
      name: 'an apply of what is there',
      method: 'PATCH',
      path: `${services}/web?fieldManager=me`,
      body: { ...typeMeta, metadata: annotated },
      options: applyPatch,
    },
    {
      name: 'an apply of what is new',
      method: 'PATCH',
      path: `${services}/new?fieldManager=me`,
      body: { ...typeMeta, metadata: { ...annotated, name: 'new' }, spec },
      options: applyPatch,
    },
    { name: 'a create', method: 'POST', path: services, body: { metadata: { ...annotated, name: 'new' }, spec } },
    { name: 'a dry run', method: 'PUT', path: `${services}/web?dryRun=All`, body: { metadata: annotated, spec } },
  ]
  for (const { name, method, path, body, options } of cases) {
    test(`says it: ${name}`, async () => {
      await api.request('POST', services, { metadata: { name: 'web' }, spec })
      const answer = await api.request(method, path, body, options)
      expect(answer).toMatchObject({ warnings: [useMode], body: { kind: 'Service' } })
    })
  }

  test('says it again although nothing has changed, and not of what is refused', async () => {
    await api.request('POST', services, { metadata: annotated, spec })
    const again = { metadata: annotated, spec }
    expect(await api.request('PUT', `${services}/web`, again)).toMatchObject({ code: 200, warnings: [useMode] })
    const bad = { metadata: annotated, spec: { ...spec, sessionAffinity: 'Sometimes' } }
    expect(await api.request('PUT', `${services}/web`, bad)).toMatchObject({ code: 422, warnings: [] })
  })

  test('says nothing of a status', async () => {
    await api.request('POST', services, { metadata: annotated, spec })
    const status = { metadata: { name: 'web' }, status: { loadBalancer: {} } }
    expect(await api.request('PUT', `${services}/web/status`, status)).toMatchObject({ code: 200, warnings: [] })
  })

  test('is told of when it is scaled', async () => {
    const variable = { name: 'A', value: '1' }
    const template = {
      metadata: { labels: { app: 'kubia' } },
      spec: { containers: [{ name: 'main', image: 'kubia', env: [variable, variable] }] },
    }
    const hides = [expect.stringContaining('spec.template.spec.containers[0].env[1]: hides previous definition of "A"')]
    const body = { metadata: { name: 'kubia' }, spec: { selector: { matchLabels: { app: 'kubia' } }, template } }
    expect(await api.request('POST', deployments, body)).toMatchObject({ code: 201, warnings: hides })
    const scaled = await api.request('PUT', `${deployments}/kubia/scale`, { spec: { replicas: 3 } })
    expect(scaled).toMatchObject({ code: 200, warnings: hides })
  })
})

test('what is told of the body stays told when the write fails later', async () => {
  const body = { metadata: { name: 'web' }, spec: { ...spec, prts: 1 } }
  const warnings = ['unknown field "spec.prts"']
  expect(await api.request('POST', services, body)).toMatchObject({ code: 201, warnings })
  expect(await api.request('POST', services, body)).toMatchObject({ code: 409, warnings })
  const unknown = { metadata: { name: 'other' }, dta: {} }
  const missing = await api.request('PUT', `/api/v1${inDefault}/configmaps/other`, unknown)
  expect(missing).toMatchObject({ code: 404, warnings: ['unknown field "dta"'] })
})

describe('a deprecated form', () => {
  const oldEndpoints = 'v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice'
  const oldIngress =
    'extensions/v1beta1 Ingress is deprecated in v1.14+, unavailable in v1.22+; use networking.k8s.io/v1 Ingress'
  const backend = { serviceName: 'web', servicePort: 80 }
  const ingress = { metadata: { name: 'web' }, spec: { backend } }

  const cases: { name: string; method: string; path: string; body?: object; options?: object; warning?: string }[] = [
    { name: 'get', method: 'GET', path: `${legacy}/web` },
    { name: 'list', method: 'GET', path: legacy },
    { name: 'list everywhere', method: 'GET', path: '/apis/extensions/v1beta1/ingresses' },
    { name: 'create', method: 'POST', path: legacy, body: { ...ingress, metadata: { name: 'new' } } },
    { name: 'update', method: 'PUT', path: `${legacy}/web`, body: ingress },
    { name: 'patch', method: 'PATCH', path: `${legacy}/web`, body: {}, options: mergePatch },
    { name: 'delete', method: 'DELETE', path: `${legacy}/web` },
    { name: 'delete of the collection', method: 'DELETE', path: legacy },
    { name: 'status', method: 'GET', path: `${legacy}/web/status` },
    { name: 'status written', method: 'PUT', path: `${legacy}/web/status`, body: ingress },
    { name: 'what is not there', method: 'GET', path: `${legacy}/none` },
    { name: 'what is there already', method: 'POST', path: legacy, body: ingress },
    { name: 'what is not valid', method: 'POST', path: legacy, body: { ...ingress, spec: {} } },
    { name: 'Endpoints, listed', method: 'GET', path: endpoints, warning: oldEndpoints },
    { name: 'Endpoints, missing', method: 'GET', path: `${endpoints}/none`, warning: oldEndpoints },
  ]
  for (const { name, method, path, body, options, warning = oldIngress } of cases) {
    test(`says so: ${name}`, async () => {
      await api.request('POST', legacy, ingress)
      expect((await api.request(method, path, body, options)).warnings).toEqual([warning])
    })
  }

  test('says so of a watch', async () => {
    const answer = await api.send('GET', `${endpoints}?watch=1`)
    expect(answer.warnings).toEqual([oldEndpoints])
  })

  test('is not told of to those who may not ask, nor by another form of the same objects', async () => {
    const user = { name: 'nobody', groups: [] }
    expect(await api.request('GET', legacy, undefined, { user })).toMatchObject({ code: 403, warnings: [] })
    expect((await api.request('GET', `/apis/networking.k8s.io/v1${inDefault}/ingresses`)).warnings).toEqual([])
  })
})
