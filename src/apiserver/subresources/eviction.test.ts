import { afterEach, beforeEach, expect, test } from 'vitest'
import { testApi, type TestApi } from '../test-api.ts'

let api: TestApi
beforeEach(async () => {
  api = await testApi()
  await api.request('POST', pods, { metadata: { name: 'web' }, spec: { containers: [{ name: 'main', image: 'busybox' }] } })
})
afterEach(() => api[Symbol.asyncDispose]())

const pods = '/api/v1/namespaces/default/pods'
const eviction = (fields: object = {}) => ({ apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: 'web' }, ...fields })
const evict = (body: object, query = '') => api.request('POST', `${pods}/web/eviction${query}`, body)

test('deletes the pod', async () => {
  expect(await evict(eviction())).toMatchObject({ code: 201, body: { kind: 'Status', status: 'Success' } })
  expect(await api.request('GET', `${pods}/web`)).toMatchObject({ code: 404 })
})

test('takes the older version too', async () => {
  expect(await evict(eviction({ apiVersion: 'policy/v1beta1' }))).toMatchObject({ code: 201 })
})

for (const { name, body, query = '' } of [
  { name: 'in the query', body: eviction(), query: '?dryRun=All' },
  { name: 'in the options', body: eviction({ deleteOptions: { dryRun: ['All'] } }) },
]) {
  test(`deletes nothing in a dry run ${name}`, async () => {
    expect(await evict(body, query)).toMatchObject({ code: 201 })
    expect(await api.request('GET', `${pods}/web`)).toMatchObject({ code: 200 })
  })
}

for (const { name, body, code, message } of [
  { name: 'another name', body: eviction({ metadata: { name: 'other' } }), code: 400, message: 'name in URL does not match name in Eviction object' },
  { name: 'another kind', body: { ...eviction(), kind: 'Pod' }, code: 400, message: 'the body of the request must be an Eviction of policy/v1' },
  { name: 'options that are none', body: eviction({ deleteOptions: [] }), code: 400, message: 'deleteOptions of an Eviction must be a DeleteOptions object' },
  {
    name: 'a precondition that does not hold',
    body: eviction({ deleteOptions: { preconditions: { uid: 'x' } } }),
    code: 409,
    message: expect.stringContaining('the UID in the precondition (x) does not match'),
  },
]) {
  test(`refuses ${name}`, async () => {
    expect(await evict(body)).toMatchObject({ code, body: { kind: 'Status', message } })
    expect(await api.request('GET', `${pods}/web`)).toMatchObject({ code: 200 })
  })
}

test('of a pod that is not there is a 404', async () => {
  expect(await api.request('POST', `${pods}/none/eviction`, eviction({ metadata: { name: 'none' } }))).toMatchObject({ code: 404 })
})
