import { expect, test } from 'vitest'
import type { Node } from '../../api/kinds/node.ts'
import type { Pod, PodSpec } from '../../api/kinds/pod.ts'
import { node, pod } from '../fixtures.ts'
import { decide } from './decide.ts'
import { podInfo } from './pod-info.ts'
import { stateOf } from './test-view.ts'

const cpu = (amount: string) => ({ containers: [{ name: 'main', resources: { requests: { cpu: amount } } }] })
const full = pod({ name: 'full', nodeName: 'c', spec: { ...cpu('4'), priority: 10 } })
const three = [
  node({ name: 'a', spec: { taints: [{ key: 'dedicated', effect: 'NoSchedule' }] } }),
  node({ name: 'b', ready: 'False' }),
  node({ name: 'c' }),
]
const taints = '2 node(s) had untolerated taint(s)'

for (const { name, nodes = three, here = [full], spec = cpu('1'), says } of [
  { name: 'no node at all', nodes: [], says: 'no nodes available to schedule pods' },
  {
    name: 'full and tainted',
    says:
      `0/3 nodes are available: 1 Insufficient cpu, ${taints}. no new claims to deallocate, preemption: ` +
      '0/3 nodes are available: 1 No preemption victims found for incoming pod, 2 Preemption is not helpful for scheduling.',
  },
  {
    name: 'more than any node has',
    here: [],
    spec: cpu('5'),
    says:
      `0/3 nodes are available: 1 Insufficient cpu, ${taints}. no new claims to deallocate, preemption: ` +
      '0/3 nodes are available: 3 Preemption is not helpful for scheduling.',
  },
  {
    name: 'one that must not push others off',
    spec: { ...cpu('1'), priority: 20, preemptionPolicy: 'Never' },
    says:
      `0/3 nodes are available: 1 Insufficient cpu, ${taints}. no new claims to deallocate, preemption: ` +
      'not eligible due to preemptionPolicy=Never.',
  },
  {
    name: 'one that would not fit even without those less important',
    here: [pod({ name: 'more', nodeName: 'c', spec: { ...cpu('3'), priority: 30 } }), pod({ name: 'less', nodeName: 'c', spec: cpu('1') })],
    spec: { ...cpu('2'), priority: 20 },
    says:
      `0/3 nodes are available: 1 Insufficient cpu, ${taints}. no new claims to deallocate, preemption: ` +
      '0/3 nodes are available: 1 Insufficient cpu, 2 Preemption is not helpful for scheduling.',
  },
  {
    name: 'one for which room can be made',
    spec: { ...cpu('2'), priority: 20 },
    says: `0/3 nodes are available: 1 Insufficient cpu, ${taints}.`,
  },
] satisfies { name: string; nodes?: Node[]; here?: Pod[]; spec?: Partial<PodSpec>; says: string }[]) {
  test(`says why a pod fits nowhere: ${name}`, () => {
    const decision = decide(podInfo(pod({ name: 'new', nodeName: '', spec })), stateOf({ nodes, pods: here }))
    expect(decision).toMatchObject({ outcome: 'fits nowhere', message: says })
  })
}

test('a pod gets the node that it was promised, though another is better now', () => {
  const incoming = pod({ name: 'new', nodeName: '', spec: cpu('1') })
  const busy = pod({ name: 'busy', nodeName: 'b', spec: cpu('2') })
  const state = stateOf({ nodes: [node({ name: 'a' }), node({ name: 'b' })], pods: [busy] })
  expect(decide(podInfo(incoming), state)).toEqual({ outcome: 'fits', nodeName: 'a' })
  state.promise(incoming, 'b')
  expect(decide(podInfo(incoming), state)).toEqual({ outcome: 'fits', nodeName: 'b' })
})
