import { expect, test } from 'vitest'
import type { Pod } from '../../api/kinds/pod.ts'
import { node, pod } from '../fixtures.ts'
import { namespaceChange, nodeChange, podChange } from './cluster-change.ts'
import { namespace } from './test-view.ts'

const running = pod()
const waiting = pod({ nodeName: '' })
const promised = pod({ nodeName: '', status: { nominatedNodeName: 'node-1' } })
const ended = pod({ status: { phase: 'Succeeded' } })
const going = pod({ meta: { deletionTimestamp: '2026-01-01T00:00:00Z' } })

for (const { name, previous, next, is } of [
  { name: 'a pod that waits', previous: undefined, next: waiting, is: undefined },
  { name: 'a pod that gets a node', previous: waiting, next: running, is: 'pod came' },
  { name: 'a pod that is first seen on a node', previous: undefined, next: running, is: 'pod came' },
  { name: 'a pod that is deleted', previous: running, next: undefined, is: 'pod went' },
  { name: 'a pod that is promised a node', previous: waiting, next: promised, is: undefined },
  { name: 'a pod that gets the node that it was promised', previous: promised, next: running, is: 'pod came' },
  { name: 'a pod that is deleted before it got it', previous: promised, next: undefined, is: 'pod went' },
  { name: 'a pod whose promise is taken back', previous: promised, next: waiting, is: 'pod went' },
  { name: 'a pod that ends', previous: running, next: ended, is: 'pod went' },
  { name: 'a pod that has ended and is deleted', previous: ended, next: undefined, is: undefined },
  { name: 'a pod that begins to go', previous: running, next: going, is: 'pod changed' },
  { name: 'a pod with other labels', previous: running, next: pod({ labels: { app: 'other' } }), is: 'pod changed' },
  { name: 'a pod that becomes ready', previous: pod({ ready: false }), next: running, is: undefined },
] satisfies { name: string; previous: Pod | undefined; next: Pod | undefined; is: string | undefined }[]) {
  test(name, () => expect(podChange(previous, next)).toBe(is))
}

for (const { name, next, is } of [
  { name: 'a heartbeat', next: node({ name: 'a' }), is: undefined },
  { name: 'another label', next: node({ name: 'a', labels: { zone: 'x' } }), is: 'node' },
  { name: 'a cordon', next: node({ name: 'a', spec: { unschedulable: true } }), is: 'node' },
  { name: 'a taint', next: node({ name: 'a', spec: { taints: [{ key: 'x', effect: 'NoExecute' }] } }), is: 'node' },
  { name: 'more room', next: node({ name: 'a', allocatable: { cpu: '9' } }), is: 'node' },
  { name: 'silence', next: node({ name: 'a', ready: 'Unknown' }), is: 'node' },
  { name: 'its end', next: undefined, is: 'node' },
]) {
  test(`of a node: ${name}`, () => expect(nodeChange(node({ name: 'a' }), next)).toBe(is))
}

test('of a namespace only labels matter', () => {
  expect(namespaceChange(namespace('a'), namespace('a', { team: 'red' }))).toBe('namespace changed')
  expect(namespaceChange(namespace('a', { team: 'red' }), { ...namespace('a', { team: 'red' }), status: { phase: 'Terminating' } })).toBeUndefined()
})
