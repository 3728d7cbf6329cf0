import { expect, test } from 'vitest'
import type { Node } from '../../api/kinds/node.ts'
import { silentLog } from '../../base/log.ts'
import { LiveCache } from '../../client/live-cache.ts'
import { clientFilter, nodesFilter } from './client-filter.ts'
import { drop, put } from './test-zone.ts'

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

test('Nodes and their pods get answers from the moment that they are known', () => {
  const nodes = new LiveCache<Node>(silentLog)
  const node = (podCIDRs: string[]): Node => ({
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name: 'node-1', uid: 'node-1', resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z' },
    spec: { podCIDRs },
    status: { addresses: [{ type: 'InternalIP', address: '192.0.2.11' }, { type: 'Hostname', address: 'node-1' }] },
  })
  const filter = nodesFilter(['198.51.100.0/24'], nodes)
  const admitted = () => ['198.51.100.1', '192.0.2.11', '10.244.1.7', '10.244.2.7'].map(filter.admits)
  expect(admitted()).toEqual([true, false, false, false])
  put(nodes, node(['10.244.1.0/24', 'not a range']))
  expect(admitted()).toEqual([true, true, true, false])
  put(nodes, node(['10.244.2.0/24']))
  expect(admitted()).toEqual([true, true, false, true])
  filter.close()
  drop(nodes, 'node-1')
  expect(admitted()).toEqual([true, true, false, true])
})
