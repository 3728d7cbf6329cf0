import { decodeJwt, decodeProtectedHeader } from 'jose'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ManualClock } from '../../base/manual-clock.ts'
import { type Answer, testApi, type TestApi } from '../test-api.ts'
import { TokenAuthenticator } from './token-authenticator.ts'

const accounts = '/api/v1/namespaces/default/serviceaccounts'
const pods = '/api/v1/namespaces/default/pods'
const issuer = 'https://kubernetes.default.svc.cluster.local'
const hourMs = 3600_000

let api: TestApi
let clock: ManualClock
beforeEach(async () => {
  clock = new ManualClock()
  api = await testApi({ clock })
  await api.request('POST', accounts, { metadata: { name: 'web' } })
})
afterEach(() => api[Symbol.asyncDispose]())

function request(spec: object = {}, name = 'web'): Promise<Answer> {
  return api.request('POST', `${accounts}/${name}/token`, { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec })
}

async function tokenFor(spec: object = {}): Promise<string> {
  const { body } = await request(spec)
  return (body['status'] as { token: string }).token
}

async function review(token: string, audiences?: string[]): Promise<unknown> {
  const { body } = await api.request('POST', '/apis/authentication.k8s.io/v1/tokenreviews', { spec: { token, audiences } })
  return body['status']
}

async function createPod(): Promise<string> {
  const spec = { serviceAccountName: 'web', nodeName: 'node-1', containers: [{ name: 'app', image: 'kubia' }] }
  const { body } = await api.request('POST', pods, { metadata: { name: 'web' }, spec })
  return (body['metadata'] as { uid: string }).uid
}

describe('a token', () => {
  test('says whose it is and until when', async () => {
    const { code, body } = await request({ expirationSeconds: 600 })
    expect(code).toBe(201)
    expect(body).toMatchObject({
      kind: 'TokenRequest',
      apiVersion: 'authentication.k8s.io/v1',
      metadata: { name: 'web', namespace: 'default', creationTimestamp: '2026-01-01T00:00:00Z' },
      spec: { audiences: [issuer], expirationSeconds: 600 },
      status: { expirationTimestamp: '2026-01-01T00:10:00Z' },
    })
    const { token } = body['status'] as { token: string }
    const { body: account } = await api.request('GET', `${accounts}/web`)
    const now = clock.now().getTime() / 1000
    expect(decodeJwt(token)).toEqual({
      iss: issuer,
      sub: 'system:serviceaccount:default:web',
      aud: [issuer],
      iat: now,
      nbf: now,
      exp: now + 600,
      jti: expect.stringMatching(/^[0-9a-f-]{36}$/),
      'kubernetes.io': { namespace: 'default', serviceaccount: { name: 'web', uid: (account['metadata'] as { uid: string }).uid } },
    })
    expect(decodeProtectedHeader(token)).toEqual({ alg: 'ES256', kid: api.context.access.tokens.keys.jwk.kid })
  })

  test('is known as its account', async () => {
    const token = await tokenFor()
    const { body } = await api.request('GET', `${accounts}/web`)
    expect(await review(token)).toEqual({
      authenticated: true,
      audiences: [issuer],
      user: {
        username: 'system:serviceaccount:default:web',
        uid: (body['metadata'] as { uid: string }).uid,
        groups: ['system:serviceaccounts', 'system:serviceaccounts:default', 'system:authenticated'],
        extra: { 'authentication.kubernetes.io/credential-id': [`JTI=${decodeJwt(token).jti}`] },
      },
    })
  })

  test('is good for its time and a minute more', async () => {
    const token = await tokenFor({ expirationSeconds: 600 })
    clock.advance(600_000 + 59_000)
    expect(await review(token)).toMatchObject({ authenticated: true })
    clock.advance(2000)
    const expired = { user: {}, error: '[invalid bearer token, service account token has expired]' }
    expect(await review(token)).toEqual(expired)
    // Also where it has not been seen before.
    const { access, objects } = api.context
    const others = new TokenAuthenticator({ keys: access.tokens.keys, issuer, objects, clock })
    await expect(others.holderOf(token, [issuer])).rejects.toThrow('service account token has expired')
  })

  test('is good for its audiences only', async () => {
    const token = await tokenFor({ audiences: ['vault', 'bank'] })
    expect(await review(token, ['bank', 'shop'])).toMatchObject({ authenticated: true, audiences: ['bank'] })
    const error = `[invalid bearer token, token audiences ["vault" "bank"] is invalid for the target audiences ["${issuer}"]]`
    expect(await review(token)).toEqual({ user: {}, error })
  })

  test('that has been changed, or is none, is not good', async () => {
    const token = await tokenFor()
    const [header = '', payload = '', signature = ''] = token.split('.')
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as object
    const forged = Buffer.from(JSON.stringify({ ...claims, sub: 'system:serviceaccount:kube-system:root' })).toString('base64url')
    const unsigned = Buffer.from(JSON.stringify({ alg: 'none' })).toString('base64url')
    for (const bad of [
      `${header}.${forged}.${signature}`,
      `${header}.${payload}.${signature.slice(0, -4)}AAAA`,
      `${unsigned}.${payload}.`,
      `${header}.${payload}`,
      'nonsense',
      'a.b.c',
    ]) {
      expect(await review(bad)).toMatchObject({ user: {}, error: expect.stringMatching(/^\[invalid bearer token, .+\]$/) })
    }
  })

  test('of another cluster is not good', async () => {
    const { keys } = api.context.access.tokens
    const claims = await keys.verify(await tokenFor(), clock.now())
    expect(await review(await keys.sign({ ...claims, iss: 'https://elsewhere' }))).toMatchObject({
      error: '[invalid bearer token, the token was issued by "https://elsewhere"]',
    })
  })

  test('of an account that is gone, or another by now, is not good', async () => {
    const token = await tokenFor()
    expect(await review(token)).toMatchObject({ authenticated: true })
    await api.request('DELETE', `${accounts}/web`)
    expect(await review(token)).toMatchObject({ user: {}, error: expect.stringContaining('serviceaccount "web" is gone') })
    await api.request('POST', accounts, { metadata: { name: 'web' } })
    expect(await review(token)).toMatchObject({ user: {}, error: expect.stringContaining('does not match claim') })
  })
})

describe('a token bound to a pod', () => {
  const spec = { boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name: 'web' } }

  test('names it and its node, and ends with it', async () => {
    await api.request('POST', '/api/v1/nodes', { metadata: { name: 'node-1' } })
    const uid = await createPod()
    const token = await tokenFor(spec)
    expect(decodeJwt(token)['kubernetes.io']).toMatchObject({ pod: { name: 'web', uid }, node: { name: 'node-1', uid: expect.any(String) } })
    expect(await review(token)).toMatchObject({
      user: {
        extra: {
          'authentication.kubernetes.io/pod-name': ['web'],
          'authentication.kubernetes.io/pod-uid': [uid],
          'authentication.kubernetes.io/node-name': ['node-1'],
          'authentication.kubernetes.io/node-uid': [expect.any(String)],
        },
      },
    })
    await api.request('DELETE', `${pods}/web?gracePeriodSeconds=0`)
    expect(await review(token)).toMatchObject({ user: {}, error: expect.stringContaining('pod "web" is gone') })
    await createPod()
    expect(await review(token)).toMatchObject({ user: {}, error: expect.stringContaining('pod UID') })
  })

  test('is good while the pod ends, and not much longer', async () => {
    await createPod()
    const token = await tokenFor(spec)
    await api.request('DELETE', `${pods}/web?gracePeriodSeconds=30`)
    clock.advance(80_000)
    expect(await review(token)).toMatchObject({ authenticated: true })
    clock.advance(20_000)
    expect(await review(token)).toMatchObject({ user: {} })
  })

  test('of the automatic volume outlives a holder that never reads it again', async () => {
    await createPod()
    const { body } = await request({ ...spec, expirationSeconds: 3607 })
    const { token, expirationTimestamp } = body['status'] as { token: string; expirationTimestamp: string }
    const now = clock.now().getTime() / 1000
    expect(expirationTimestamp).toBe('2026-01-01T01:00:07Z')
    expect(decodeJwt(token)).toMatchObject({ exp: now + 365 * 86_400, 'kubernetes.io': { warnafter: now + 3607 } })
    clock.advance(24 * hourMs)
    expect(await review(token)).toMatchObject({ authenticated: true })
  })

  for (const [name, reference, account, code, message] of [
    ['a pod that is not there', { kind: 'Pod', name: 'none' }, 'web', 404, 'pods "none" not found'],
    [
      'another pod of the name',
      { kind: 'Pod', name: 'web', uid: 'earlier' },
      'web',
      409,
      expect.stringMatching(/^Operation cannot be fulfilled on Pod "web": the UID in the bound object reference \(earlier\) does not match/),
    ],
    [
      'a pod of another account',
      { kind: 'Pod', name: 'web' },
      'default',
      400,
      'cannot bind token for serviceaccount "default" to pod running with different serviceaccount name.',
    ],
    ['an object of another kind', { kind: 'Service', name: 'web' }, 'web', 400, 'cannot bind token to object of type v1, Kind=Service'],
  ] as const) {
    test(`is not made for ${name}`, async () => {
      await createPod()
      const answer = await request({ boundObjectRef: { apiVersion: 'v1', ...reference } }, account)
      expect({ code: answer.code, message: answer.body['message'] }).toEqual({ code, message })
    })
  }
})

test('a token bound to a secret or a node ends with it', async () => {
  await api.request('POST', '/api/v1/namespaces/default/secrets', { metadata: { name: 'key' } })
  await api.request('POST', '/api/v1/nodes', { metadata: { name: 'node-1' } })
  for (const [kind, name, path] of [
    ['Secret', 'key', '/api/v1/namespaces/default/secrets/key'],
    ['Node', 'node-1', '/api/v1/nodes/node-1'],
  ] as const) {
    const token = await tokenFor({ boundObjectRef: { apiVersion: 'v1', kind, name } })
    expect(await review(token)).toMatchObject({ authenticated: true })
    await api.request('DELETE', path)
    expect(await review(token)).toMatchObject({ user: {}, error: expect.stringContaining('is gone') })
  }
})

describe('a request for a token', () => {
  for (const [name, spec, account, code, message] of [
    [
      'for too short a time',
      { expirationSeconds: 60 },
      'web',
      422,
      'TokenRequest.authentication.k8s.io "" is invalid: spec.expirationSeconds: Invalid value: 60: may not specify a duration less than 10 minutes',
    ],
    [
      'for too long a time',
      { expirationSeconds: 2 ** 33 },
      'web',
      422,
      `TokenRequest.authentication.k8s.io "" is invalid: spec.expirationSeconds: Invalid value: ${2 ** 33}: may not specify a duration larger than 2^32 seconds`,
    ],
    ['of an account that is not there', {}, 'none', 404, 'serviceaccounts "none" not found'],
  ] as const) {
    test(`${name} is refused`, async () => {
      const answer = await request(spec, account)
      expect({ code: answer.code, message: answer.body['message'] }).toEqual({ code, message })
    })
  }

  test('is one of its account', async () => {
    const answer = await api.request('POST', `${accounts}/web/token`, { metadata: { name: 'other' } })
    expect(answer.code).toBe(400)
    expect((await api.request('GET', `${accounts}/web/token`)).code).toBe(405)
  })

  test('without a token is none', async () => {
    expect(await api.request('POST', '/apis/authentication.k8s.io/v1/tokenreviews', {})).toMatchObject({
      code: 400,
      body: { message: 'token is required for TokenReview in authentication' },
    })
  })
})

test('others learn from the issuer how to verify tokens', async () => {
  const configuration = await api.request('GET', '/.well-known/openid-configuration')
  expect(configuration.body).toEqual({
    issuer,
    jwks_uri: 'https://127.0.0.1:6443/openid/v1/jwks',
    response_types_supported: ['id_token'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: ['ES256'],
  })
  const { body } = await api.request('GET', '/openid/v1/jwks')
  expect(body).toEqual({
    keys: [{ use: 'sig', kty: 'EC', kid: expect.any(String), alg: 'ES256', crv: 'P-256', x: expect.any(String), y: expect.any(String) }],
  })
})
