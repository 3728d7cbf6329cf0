import { describe, expect, test } from 'vitest'
import { secretOf, timeToLive } from './node-token.ts'
import { timeSpan } from './time-span.ts'

const token = { id: 'abcdef', secret: '0123456789abcdef' }
const now = new Date('2026-01-01T00:00:00Z')

test('a token is a Secret as kubeadm makes it, of the group that may join', () => {
  expect(secretOf(token, { ttl: 3600, description: 'for the rack' }, now)).toEqual({
    metadata: { name: 'bootstrap-token-abcdef', namespace: 'kube-system' },
    type: 'bootstrap.kubernetes.io/token',
    stringData: {
      'token-id': 'abcdef',
      'token-secret': '0123456789abcdef',
      'usage-bootstrap-authentication': 'true',
      'auth-extra-groups': 'system:bootstrappers:portolan:node-token',
      expiration: '2026-01-01T01:00:00Z',
      description: 'for the rack',
    },
  })
  expect(secretOf(token, { ttl: 0 }, now).stringData).not.toHaveProperty('expiration')
})

test('how long certificates are good is a time without an end for good', () => {
  expect(timeSpan('90s')).toBe(90)
  expect(() => timeSpan('0')).toThrow('Give a time such as 30m, 24h or 7d.')
})

describe('a time to live', () => {
  for (const [text, seconds] of [['1s', 1], ['30m', 1800], ['24h', 86_400], ['7d', 604_800], ['0', 0]] as const) {
    test(text, () => expect(timeToLive(text)).toBe(seconds))
  }
  for (const text of ['', '24', 'h', '-1h', '1.5h', '0h', '24h0m0s']) {
    test(`is not ${JSON.stringify(text)}`, () => expect(() => timeToLive(text)).toThrow('Give a time such as 30m, 24h or 7d'))
  }
})
