import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { encodeContinue } from '../continue-token.ts'
import { testApi, type Answer, type TestApi } from '../test-api.ts'

let api: TestApi
beforeEach(async () => {
  api = await testApi()
})
afterEach(() => api[Symbol.asyncDispose]())

const configMaps = '/api/v1/namespaces/default/configmaps'
const create = (name: string) => api.request('POST', configMaps, { metadata: { name } })
const names = ({ body }: Answer) =>
  (body['items'] as { metadata: { name: string } }[]).map(({ metadata }) => metadata.name)
const versionOf = ({ body }: Answer) => Number((body['metadata'] as { resourceVersion: string }).resourceVersion)

describe('parameters that contradict each other are refused as upstream does', () => {
  const match = 'resourceVersionMatch'
  for (const { query, says } of [
    { query: `${match}=Exact`, says: `${match}: Forbidden: ${match} is forbidden unless resourceVersion is provided` },
    { query: `${match}=Exact&resourceVersion=0`, says: `${match} "exact" is forbidden for resourceVersion "0"` },
    {
      query: `${match}=Some&resourceVersion=1`,
      says: `Unsupported value: "Some": supported values: "Exact", "NotOlderThan", ""`,
    },
    {
      query: `${match}=Exact&resourceVersion=1&continue=x`,
      says: `${match}: Forbidden: ${match} is forbidden when continue is provided`,
    },
    { query: 'sendInitialEvents=true', says: 'sendInitialEvents: Forbidden: sendInitialEvents is forbidden for list' },
    {
      query: `watch=1&${match}=NotOlderThan`,
      says: `${match} is forbidden for watch unless sendInitialEvents is provided`,
    },
    { query: 'watch=1&sendInitialEvents=1', says: `sendInitialEvents requires setting ${match} to NotOlderThan` },
    {
      query: `watch=1&sendInitialEvents=1&${match}=Exact`,
      says: 'Unsupported value: "Exact": supported values: "NotOlderThan"',
    },
  ]) {
    test(query, async () => {
      const answer = await api.request('GET', `${configMaps}?${query}`)
      expect(answer).toMatchObject({ code: 422, body: { reason: 'Invalid' } })
      expect(answer.body['message']).toContain('ListOptions.meta.k8s.io "" is invalid')
      expect(answer.body['message']).toContain(says)
    })
  }
})

describe('values that are no values are refused', () => {
  for (const query of [
    'resourceVersion=new',
    'resourceVersion=-1',
    'limit=1e3',
    'limit=0x10',
    'watch=1&timeoutSeconds=soon',
    'watch=1&resourceVersion=1.5',
    'fieldSelector=spec.nodeName%3Da',
    'fieldSelector=constructor%3Da',
    'labelSelector=__proto__%3D%3D%3D',
    `continue=${Buffer.from('[-1,"/registry/configmaps/default/a"]').toString('base64url')}`,
    `continue=${Buffer.from('[1e300,"/registry/configmaps/default/a"]').toString('base64url')}`,
    `continue=${encodeContinue(1, '/registry/secrets/default/a')}`,
    `continue=${encodeContinue(1, '/registry/configmaps/other/a')}`,
  ]) {
    test(query, async () => {
      expect(await api.request('GET', `${configMaps}?${query}`)).toMatchObject({
        code: 400,
        body: { reason: 'BadRequest' },
      })
    })
  }
})

test('a list is of the version asked for only if that is to be exact, or comes in pages', async () => {
  const version = versionOf(await create('a'))
  await create('b')
  const listed = async (query: string) => names(
    await api.request('GET', `${configMaps}?resourceVersion=${version}${query}`),
  )
  expect(await listed('')).toEqual(['a', 'b'])
  expect(await listed('&resourceVersionMatch=NotOlderThan')).toEqual(['a', 'b'])
  expect(await listed('&resourceVersionMatch=Exact')).toEqual(['a'])
  expect(await listed('&limit=5')).toEqual(['a'])
  expect(names(await api.request('GET', `${configMaps}?resourceVersion=0&limit=5`))).toEqual(['a', 'b'])
})

test('a version that has not come yet is for the client to wait for', async () => {
  const version = versionOf(await create('a')) + 5
  for (const query of ['', '&resourceVersionMatch=Exact', '&limit=1']) {
    const answer = await api.request('GET', `${configMaps}?resourceVersion=${version}${query}`)
    expect(answer).toMatchObject({
      code: 504,
      body: { reason: 'Timeout', details: { causes: [{ reason: 'ResourceVersionTooLarge' }] } },
    })
  }
})

test('a version that is forgotten is expired, in words for either way of asking', async () => {
  const first = await create('a')
  await create('b')
  await create('c')
  const page = await api.request('GET', `${configMaps}?limit=1`)
  await create('d')
  await api.context.objects.store.compact(api.context.objects.store.revision)
  const exact = await api.request('GET', `${configMaps}?resourceVersion=${versionOf(first)}&resourceVersionMatch=Exact`)
  expect(exact).toMatchObject({ code: 410, body: { message: 'The resourceVersion for the provided list is too old.' } })
  const token = (page.body['metadata'] as { continue: string }).continue
  const next = await api.request('GET', `${configMaps}?limit=1&continue=${token}`)
  expect(next).toMatchObject({ code: 410, body: { reason: 'Expired' } })
  expect(next.body['message']).toContain('continue parameter is too old')
})

test('a token cannot be had together with another version', async () => {
  await create('a')
  await create('b')
  const { body } = await api.request('GET', `${configMaps}?limit=1`)
  const token = (body['metadata'] as { continue: string }).continue
  const answer = await api.request('GET', `${configMaps}?continue=${token}&resourceVersion=1`)
  expect(answer).toMatchObject({
    code: 400,
    body: { message: 'specifying resource version is not allowed when using continue' },
  })
  expect(names(await api.request('GET', `${configMaps}?continue=${token}&resourceVersion=0`))).toEqual(['b'])
})
