import { expect, test } from 'vitest'
import { ownAddresses, type OwnAddressesOptions } from './own-addresses.ts'

const named = { addresses: ['203.0.113.3', '192.168.99.1'], relayedAt: '127.0.0.1', ports: { http: 80, https: 443 } }
const all = { addresses: ['*'], ports: { http: 8080, https: 8443 } }

test.for<[string, OwnAddressesOptions['settings'], boolean]>([
  ['203.0.113.3:80', named, true],
  ['192.168.99.1:443', named, true],
  ['127.0.0.1:80', named, true],
  ['127.0.0.2:80', named, false],
  // The API server has the address, too.
  ['192.168.99.1:6443', named, false],
  ['10.108.1.2:80', named, false],
  ['192.0.2.7:80', named, false],
  ['192.0.2.7:8080', all, true],
  ['127.0.0.9:8443', all, true],
  ['0.0.0.0:8080', all, true],
  ['192.0.2.7:80', all, false],
  ['192.0.2.8:8080', all, false],
  ['198.51.100.1:443', all, true],
  ['198.51.100.1:8443', all, false],
])('%s, of an ingress at %j: %s', ([address, settings, isOwn]) => {
  const own = ownAddresses({ settings, publicAddresses: ['198.51.100.1'], localAddresses: () => ['127.0.0.1', '192.0.2.7'] })
  expect(own(address)).toBe(isOwn)
})

test('what the machine has is not looked up for the addresses of pods', () => {
  const localAddresses = () => {
    throw new Error('it was')
  }
  expect(ownAddresses({ settings: all, publicAddresses: [], localAddresses })('10.108.1.2:3000')).toBe(false)
})
