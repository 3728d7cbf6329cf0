import { expect, test } from 'vitest'
import { clientFilter } from './client-filter.ts'

const admits = clientFilter(['10.108.0.0/16', '192.168.99.0/24', '10.96.0.10/32', 'fd00:1::/64'])

test.each([
  { address: '10.108.1.7', admitted: true },
  { address: '192.168.99.11', admitted: true },
  { address: '10.96.0.10', admitted: true },
  { address: '127.0.0.1', admitted: true },
  { address: '::1', admitted: true },
  { address: 'fd00:1::7', admitted: true },
  { address: '10.109.1.7', admitted: false },
  { address: '203.0.113.2', admitted: false },
  { address: '10.96.0.11', admitted: false },
  { address: 'fd00:2::7', admitted: false },
  { address: '', admitted: false },
])('$address: $admitted, also when asked again', ({ address, admitted }) => {
  expect([admits(address), admits(address)]).toEqual([admitted, admitted])
})

test.each(['10.108.0.0', '10.108.0.0/33', 'pods/16', '10.108.0.0/16/8', '10.108.0.0/x'])('%s is no range', (range) => {
  expect(() => clientFilter([range])).toThrow(`${JSON.stringify(range)} is not a range of addresses such as 10.108.0.0/16`)
})
