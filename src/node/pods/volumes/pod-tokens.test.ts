import { beforeEach, describe, expect, test } from 'vitest'
import { ServiceAccounts } from '../../../api/kinds/service-account.ts'
import { ManualClock } from '../../../base/manual-clock.ts'
import { MemoryClient } from '../../../client/memory-client.ts'
import { testPod } from '../test-pods.ts'
import { apiTokens, type PodTokens } from './pod-tokens.ts'

const hourly = { path: 'token', expirationSeconds: 3600 }
const vault = { path: 'vault', audience: 'vault', expirationSeconds: 600 }
const pod = testPod({
  spec: {
    serviceAccountName: 'web',
    volumes: [{ name: 'a', projected: { sources: [{ serviceAccountToken: hourly }, { serviceAccountToken: vault }] } }],
  },
})

let clock: ManualClock
let client: MemoryClient
let tokens: PodTokens
beforeEach(() => {
  clock = new ManualClock()
  client = new MemoryClient({ now: () => clock.now() })
  client.seed(ServiceAccounts, { metadata: { namespace: 'default', name: 'web' } })
  tokens = apiTokens(client, { clock, random: () => 0.5 })
})

const minutes = (count: number) => count * 60_000

test('a token is kept for four fifths of its life', async () => {
  expect(await tokens.token(pod, hourly)).toBe('web-token-1')
  clock.advance(minutes(47))
  expect(await tokens.token(pod, hourly)).toBe('web-token-1')
  clock.advance(minutes(1))
  expect(await tokens.token(pod, hourly)).toBe('web-token-2')
})

test('each audience, time and pod has its own', async () => {
  const twin = { ...pod, metadata: { ...pod.metadata, uid: 'uid-2' } }
  const made = [await tokens.token(pod, hourly), await tokens.token(pod, vault), await tokens.token(twin, hourly)]
  expect(new Set(made).size).toBe(3)
})

test('one that lasts long is renewed every day', async () => {
  const yearly = { path: 'token', expirationSeconds: 365 * 86_400 }
  await tokens.token(pod, yearly)
  clock.advance(24 * minutes(60))
  expect(await tokens.token(pod, yearly)).toBe('web-token-2')
})

describe('the time of renewal', () => {
  test('is that of the token that is due first', async () => {
    expect(tokens.dueAt(pod)).toBeUndefined()
    await tokens.token(pod, hourly)
    await tokens.token(pod, vault)
    expect(tokens.dueAt(pod)).toEqual(new Date('2026-01-01T00:07:55Z'))
  })

  test('is forgotten with the pod', async () => {
    await tokens.token(pod, hourly)
    tokens.forget(pod.metadata.uid)
    expect(tokens.dueAt(pod)).toBeUndefined()
    expect(await tokens.token(pod, hourly)).toBe('web-token-2')
  })
})

test('a refusal is told', async () => {
  const other = testPod({ spec: { serviceAccountName: 'none' } })
  await expect(tokens.token(other, hourly)).rejects.toThrow('failed to fetch token: serviceaccounts "none" not found')
})
