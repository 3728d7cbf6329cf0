import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { bootstrapTokenType } from '../../api/bootstrap-token.ts'
import { StatusError } from '../../api/errors.ts'
import { ManualClock } from '../../base/manual-clock.ts'
import { testApi, type TestApi } from '../test-api.ts'

const secrets = '/api/v1/namespaces/kube-system/secrets'
const entries = {
  'token-id': 'abcdef',
  'token-secret': '0123456789abcdef',
  'usage-bootstrap-authentication': 'true',
  'auth-extra-groups': 'system:bootstrappers:nodes,system:bootstrappers:a-b',
  expiration: '2026-01-01T01:00:00Z',
}

let api: TestApi
let clock: ManualClock
beforeEach(async () => {
  clock = new ManualClock()
  api = await testApi({ clock })
  await api.request('POST', '/api/v1/namespaces', { metadata: { name: 'kube-system' } })
})
afterEach(() => api[Symbol.asyncDispose]())

async function make(change: Record<string, string | undefined> = {}, type = bootstrapTokenType): Promise<void> {
  const stringData = Object.fromEntries(Object.entries({ ...entries, ...change }).filter(([, value]) => value !== undefined))
  const { code } = await api.request('POST', secrets, { metadata: { name: 'bootstrap-token-abcdef' }, type, stringData })
  expect(code).toBe(201)
}

async function userOf(token: string): Promise<unknown> {
  try {
    return await api.context.access.authenticator.authenticate({ certificateUser: undefined, authorization: `Bearer ${token}`, webSocketProtocols: '' })
  } catch (error) {
    if (error instanceof StatusError) return error.code
    throw error
  }
}

const good = 'abcdef.0123456789abcdef'
const holder = { name: 'system:bootstrap:abcdef', groups: ['system:bootstrappers', 'system:bootstrappers:nodes', 'system:bootstrappers:a-b', 'system:authenticated'] }

test('a token names its holder, until its time is over', async () => {
  await make()
  expect(await userOf(good)).toEqual(holder)
  clock.advance(3_600_000)
  expect(await userOf(good)).toBe(401)
})

test('one without an end is good for good, and without groups in the first one only', async () => {
  await make({ expiration: undefined, 'auth-extra-groups': undefined })
  clock.advance(365 * 24 * 3_600_000)
  expect(await userOf(good)).toEqual({ ...holder, groups: ['system:bootstrappers', 'system:authenticated'] })
})

test('one that is deleted is not', async () => {
  await make()
  await api.request('DELETE', `${secrets}/bootstrap-token-abcdef`)
  expect(await userOf(good)).toBe(401)
})

describe('is refused', () => {
  for (const { name, token = good, change = {}, type } of [
    { name: 'a wrong secret', token: 'abcdef.0123456789abcdeg' },
    { name: 'an unknown id', token: 'abcdeg.0123456789abcdef' },
    { name: 'what has no such form', token: 'abcdef.0123' },
    { name: 'a token for other uses', change: { 'usage-bootstrap-authentication': 'false' } },
    { name: 'a token of another id than its name', change: { 'token-id': 'ghijkl' } },
    { name: 'an end that cannot be read', change: { expiration: 'tomorrow' } },
    { name: 'an end that is no date', change: { expiration: '2026-13-01T00:00:00Z' } },
    { name: 'an end that is a year, or a number', change: { expiration: '9999' } },
    { name: 'an end of no time zone', change: { expiration: '2027-01-01 00:00:00' } },
    { name: 'a group that is none for joining', change: { 'auth-extra-groups': 'system:masters' } },
    { name: 'a Secret of another type', type: 'Opaque' },
  ] as { name: string; token?: string; change?: Record<string, string>; type?: string }[]) {
    test(name, async () => {
      await make(change, type)
      expect(await userOf(token)).toBe(401)
    })
  }
})

test('others learn by a TokenReview whose it is, and no more of a wrong one than that', async () => {
  await make()
  const review = async (token: string, audiences?: string[]) =>
    (await api.request('POST', '/apis/authentication.k8s.io/v1/tokenreviews', { spec: { token, audiences } })).body['status']
  expect(await review(good)).toMatchObject({ authenticated: true, user: { username: holder.name, groups: holder.groups } })
  expect(await review('abcdef.aaaaaaaaaaaaaaaa')).toEqual({ user: {}, error: '[invalid bearer token, the bootstrap token is not valid]' })
  expect(await review(good, ['vault'])).toMatchObject({ error: expect.stringContaining('invalid for the target audiences') })
})
