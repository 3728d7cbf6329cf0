import { expect, test } from 'vitest'
import type { Node } from '../../api/kinds/node.ts'
import type { Pod } from '../../api/kinds/pod.ts'
import { node, pod } from '../fixtures.ts'
import { describeRefusals, filterNodes } from './filter.ts'
import { nodeInfos } from './node-info.ts'
import { pickNode } from './score.ts'

const requesting = (requests: Record<string, string>) => ({ containers: [{ name: 'main', resources: { requests } }] })
const hostPort = (port: number, hostIP?: string) => ({
  containers: [{
    name: 'main',
    ports: [{ containerPort: 80, hostPort: port, ...(hostIP === undefined ? {} : { hostIP }) }],
  }],
})
const affinity = (key: string, operator: string, values?: string[]) => ({
  affinity: {
    nodeAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: {
        nodeSelectorTerms: [{ matchExpressions: [{ key, operator, ...(values === undefined ? {} : { values }) }] }],
      },
    },
  },
})
const taint = (effect: string) => ({ taints: [{ key: 'dedicated', value: 'db', effect }] })
const small = { cpu: '1', memory: '1Gi', pods: '2' }
const affinityReason = "1 node(s) didn't match Pod's node affinity/selector"
const portReason = "1 node(s) didn't have free ports for the requested pod ports"

for (const { name, on = node(), here = [], spec = {}, refused } of [
  { name: 'an empty node', refused: '' },
  { name: 'cordoned', on: node({ spec: { unschedulable: true } }), refused: '1 node(s) were unschedulable' },
  {
    name: 'cordoned, tolerated',
    on: node({ spec: { unschedulable: true } }),
    spec: { tolerations: [{ operator: 'Exists' }] },
    refused: '',
  },
  { name: 'not ready', on: node({ ready: 'False' }), refused: '1 node(s) had untolerated taint(s)' },
  { name: 'silent', on: node({ ready: 'Unknown' }), refused: '1 node(s) had untolerated taint(s)' },
  {
    name: 'tainted NoSchedule',
    on: node({ spec: taint('NoSchedule') }),
    refused: '1 node(s) had untolerated taint(s)',
  },
  { name: 'tainted NoExecute', on: node({ spec: taint('NoExecute') }), refused: '1 node(s) had untolerated taint(s)' },
  { name: 'tainted PreferNoSchedule', on: node({ spec: taint('PreferNoSchedule') }), refused: '' },
  {
    name: 'tainted, tolerated by value',
    on: node({ spec: taint('NoSchedule') }),
    spec: { tolerations: [{ key: 'dedicated', value: 'db', effect: 'NoSchedule' }] },
    refused: '',
  },
  {
    name: 'tainted, another value tolerated',
    on: node({ spec: taint('NoSchedule') }),
    spec: { tolerations: [{ key: 'dedicated', value: 'web' }] },
    refused: '1 node(s) had untolerated taint(s)',
  },
  {
    name: 'nodeSelector that matches',
    on: node({ labels: { disk: 'ssd' } }),
    spec: { nodeSelector: { disk: 'ssd' } },
    refused: '',
  },
  { name: 'nodeSelector that does not', spec: { nodeSelector: { disk: 'ssd' } }, refused: affinityReason },
  { name: 'affinity In', on: node({ labels: { zone: 'a' } }), spec: affinity('zone', 'In', ['a', 'b']), refused: '' },
  { name: 'affinity In, not there', spec: affinity('zone', 'In', ['a']), refused: affinityReason },
  { name: 'affinity NotIn, not there', spec: affinity('zone', 'NotIn', ['a']), refused: '' },
  { name: 'affinity Exists', on: node({ labels: { zone: 'a' } }), spec: affinity('zone', 'Exists'), refused: '' },
  {
    name: 'affinity DoesNotExist',
    on: node({ labels: { zone: 'a' } }),
    spec: affinity('zone', 'DoesNotExist'),
    refused: affinityReason,
  },
  { name: 'affinity Gt', on: node({ labels: { cores: '8' } }), spec: affinity('cores', 'Gt', ['4']), refused: '' },
  {
    name: 'affinity Lt',
    on: node({ labels: { cores: '8' } }),
    spec: affinity('cores', 'Lt', ['4']),
    refused: affinityReason,
  },
  { name: 'a host port that is taken', here: [pod({ spec: hostPort(80) })], spec: hostPort(80), refused: portReason },
  {
    name: 'the same on another address',
    here: [pod({ spec: hostPort(80, '1.1.1.1') })],
    spec: hostPort(80, '2.2.2.2'),
    refused: '',
  },
  { name: 'on all addresses', here: [pod({ spec: hostPort(80, '1.1.1.1') })], spec: hostPort(80), refused: portReason },
  {
    name: 'requests that fit exactly',
    on: node({ allocatable: small }),
    spec: requesting({ cpu: '1000m', memory: '1024Mi' }),
    refused: '',
  },
  {
    name: 'requests that do not, both named',
    on: node({ allocatable: small }),
    here: [pod({ spec: requesting({ cpu: '600m', memory: '512Mi' }) })],
    spec: requesting({ cpu: '0.5', memory: '513Mi' }),
    refused: '1 Insufficient cpu, 1 Insufficient memory',
  },
  {
    name: 'a resource the node does not have',
    spec: requesting({ 'example.com/gpu': '1' }),
    refused: '1 Insufficient example.com/gpu',
  },
  {
    name: 'pods enough',
    on: node({ allocatable: small }),
    here: [pod(), pod({ name: 'b' })],
    refused: '1 Too many pods',
  },
  {
    name: 'only the first reason counts',
    on: node({ spec: { unschedulable: true }, allocatable: small }),
    spec: requesting({ cpu: '9' }),
    refused: '1 node(s) were unschedulable',
  },
  {
    name: 'an init container needs more than what runs later',
    on: node({ allocatable: small }),
    spec: { ...requesting({ cpu: '100m' }), initContainers: [{ name: 'init', resources: { requests: { cpu: '2' } } }] },
    refused: '1 Insufficient cpu',
  },
  {
    name: 'tenths of a core add up without rounding',
    on: node({ allocatable: { cpu: '300m', memory: '1Gi', pods: '9' } }),
    here: [pod({ spec: requesting({ cpu: '0.1' }) }), pod({ name: 'b', spec: requesting({ cpu: '0.1' }) })],
    spec: requesting({ cpu: '0.1' }),
    refused: '',
  },
] satisfies { name: string; on?: Node; here?: Pod[]; spec?: Partial<Pod['spec']>; refused: string }[]) {
  test(name, () => {
    const infos = nodeInfos([on], here, ({ spec: { nodeName } }) => nodeName)
    const { refusals } = filterNodes(pod({ name: 'new', nodeName: '', spec }), infos)
    const expected = refused === '' ? '0/1 nodes are available: .' : `0/1 nodes are available: ${refused}.`
    expect(describeRefusals(1, refusals)).toBe(expected)
  })
}

test('reasons are counted over the nodes, and no node is a reason of its own', () => {
  const nodes = [
    node({ name: 'a', ready: 'False' }),
    node({ name: 'b', spec: { unschedulable: true } }),
    node({ name: 'c', ready: 'False' }),
  ]
  const { refusals } = filterNodes(pod({ nodeName: '' }), nodeInfos(nodes, [], () => undefined))
  expect(describeRefusals(3, refusals)).toBe(
    '0/3 nodes are available: 1 node(s) were unschedulable, 2 node(s) had untolerated taint(s).',
  )
  expect(describeRefusals(0, new Map())).toBe('no nodes available to schedule pods')
})

const owned = {
  ownerReferences: [{ apiVersion: 'v1', kind: 'ReplicationController', name: 'x', uid: 'x', controller: true }],
}

for (const { name, nodes = [node({ name: 'a' }), node({ name: 'b' })], here, picks } of [
  { name: 'the least loaded', here: [pod({ nodeName: 'a', spec: requesting({ cpu: '2' }) })], picks: 'b' },
  {
    name: 'of two about equally loaded the one with fewer pods of the owner',
    nodes: [
      node({ name: 'a', allocatable: { cpu: '64', memory: '512Gi', pods: '110' } }),
      node({ name: 'b', allocatable: { cpu: '64', memory: '512Gi', pods: '110' } }),
    ],
    here: [pod({ name: 'x', nodeName: 'a', meta: owned }), pod({ name: 'y', nodeName: 'b' })],
    picks: 'b',
  },
  {
    name: 'one that does not prefer otherwise',
    nodes: [node({ name: 'a', spec: taint('PreferNoSchedule') }), node({ name: 'b' })],
    here: [pod({ nodeName: 'b' })],
    picks: 'b',
  },
  { name: 'by name when all is equal', here: [], picks: 'a' },
] satisfies { name: string; nodes?: Node[]; here: Pod[]; picks: string }[]) {
  test(`picks ${name}`, () => {
    const infos = nodeInfos(nodes, here, ({ spec: { nodeName } }) => nodeName)
    expect(pickNode(pod({ name: 'new', nodeName: '', meta: owned }), infos)?.node.metadata.name).toBe(picks)
  })
}
