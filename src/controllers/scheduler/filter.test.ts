import { expect, test } from 'vitest'
import type { Node } from '../../api/kinds/node.ts'
import type { Pod } from '../../api/kinds/pod.ts'
import { node, pod } from '../fixtures.ts'
import { filterNodes, filters } from './filter.ts'
import { countedReasons } from './fit-error.ts'
import { podInfo } from './pod-info.ts'
import { stateOf } from './test-view.ts'

const requesting = (requests: Record<string, string>) => ({ containers: [{ name: 'main', resources: { requests } }] })
const hostPort = (port: number, more: { hostIP?: string; protocol?: string } = {}) => ({
  containers: [{ name: 'main', ports: [{ containerPort: 80, hostPort: port, ...more }] }],
})
interface Requirement {
  key: string
  operator: string
  values?: string[]
}
const terms = (...nodeSelectorTerms: { matchExpressions?: Requirement[]; matchFields?: Requirement[] }[]) => ({
  affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms } } },
})
const affinity = (key: string, operator: string, values?: string[]) =>
  terms({ matchExpressions: [{ key, operator, ...(values === undefined ? {} : { values }) }] })
const zone = (value: string) => ({ key: 'zone', operator: 'In', values: [value] })
const named = (operator: string, name: string) => ({ key: 'metadata.name', operator, values: [name] })
const taint = (effect: string) => ({ taints: [{ key: 'dedicated', value: 'db', effect }] })
const small = { cpu: '1', memory: '1Gi', pods: '2' }
const affinityReason = "1 node(s) didn't match Pod's node affinity/selector"
const portReason = "1 node(s) didn't have free ports for the requested pod ports"
const pinnedReason = "1 node(s) didn't satisfy plugin(s) [NodeAffinity]"

/** What a single node is refused for; empty if it is not. */
function reasonsOf(newPod: Pod, state: ReturnType<typeof stateOf>): string {
  const { feasible, refused } = filterNodes(podInfo(newPod), state)
  const reasons = [...refused.values()].flatMap((refusal) => refusal.reasons)
  expect(feasible.length + refused.size).toBe(1)
  return reasons.map((reason) => `1 ${reason}`).sort().join(', ')
}

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
  {
    name: 'affinity Gt compares whole numbers only',
    on: node({ labels: { cores: '8.5' } }),
    spec: affinity('cores', 'Gt', ['4']),
    refused: affinityReason,
  },
  { name: 'affinity Gt of a label that is not there', spec: affinity('cores', 'Gt', ['-1']), refused: affinityReason },
  {
    name: 'affinity Lt of large numbers',
    on: node({ labels: { bytes: '9007199254740993' } }),
    spec: affinity('bytes', 'Lt', ['9007199254740994']),
    refused: '',
  },
  {
    name: 'affinity with several terms, one of which holds',
    on: node({ labels: { zone: 'b' } }),
    spec: terms({ matchExpressions: [zone('a')] }, { matchExpressions: [zone('b')] }),
    refused: '',
  },
  {
    name: 'affinity with a term of which one part does not hold',
    on: node({ labels: { zone: 'a' } }),
    spec: terms({ matchExpressions: [zone('a'), { key: 'disk', operator: 'Exists' }] }),
    refused: affinityReason,
  },
  { name: 'affinity with an empty term', spec: terms({}), refused: affinityReason },
  {
    name: 'affinity and nodeSelector, of which one does not hold',
    on: node({ labels: { zone: 'a' } }),
    spec: { ...terms({ matchExpressions: [zone('a')] }), nodeSelector: { disk: 'ssd' } },
    refused: affinityReason,
  },
  { name: 'affinity to the node by name', spec: terms({ matchFields: [named('In', 'node-1')] }), refused: '' },
  { name: 'affinity to another by name', spec: terms({ matchFields: [named('In', 'node-9')] }), refused: pinnedReason },
  {
    name: 'affinity to another by name, said before all else',
    on: node({ spec: { unschedulable: true } }),
    spec: terms({ matchFields: [named('In', 'node-9')] }),
    refused: pinnedReason,
  },
  {
    name: 'affinity to any but one by name',
    spec: terms({ matchFields: [named('NotIn', 'node-1')] }),
    refused: affinityReason,
  },
  {
    name: 'affinity to a name or to a zone',
    on: node({ labels: { zone: 'a' } }),
    spec: terms({ matchFields: [named('In', 'node-9')] }, { matchExpressions: [zone('a')] }),
    refused: '',
  },
  { name: 'a host port that is taken', here: [pod({ spec: hostPort(80) })], spec: hostPort(80), refused: portReason },
  {
    name: 'the same on another address',
    here: [pod({ spec: hostPort(80, { hostIP: '1.1.1.1' }) })],
    spec: hostPort(80, { hostIP: '2.2.2.2' }),
    refused: '',
  },
  {
    name: 'the same of another protocol',
    here: [pod({ spec: hostPort(80, { protocol: 'UDP' }) })],
    spec: hostPort(80),
    refused: '',
  },
  {
    name: 'a port on the host network that a sidecar has taken',
    here: [pod({ spec: { initContainers: [{ ...hostPort(80).containers[0], name: 'proxy', restartPolicy: 'Always' }] } })],
    spec: { hostNetwork: true, containers: [{ name: 'main', ports: [{ containerPort: 80 }] }] },
    refused: portReason,
  },
  { name: 'on all addresses', here: [pod({ spec: hostPort(80, { hostIP: '1.1.1.1' }) })], spec: hostPort(80), refused: portReason },
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
    name: 'a sidecar needs its share beside the init containers after it, and beside the others',
    on: node({ allocatable: small }),
    spec: {
      ...requesting({ cpu: '600m' }),
      initContainers: [
        { name: 'before', resources: { requests: { cpu: '1' } } },
        { name: 'sidecar', restartPolicy: 'Always', resources: { requests: { cpu: '500m' } } },
      ],
    },
    refused: '1 Insufficient cpu',
  },
  {
    name: 'the overhead of a runtime class comes on top',
    on: node({ allocatable: small }),
    spec: { ...requesting({ memory: '1Gi' }), overhead: { memory: '1' } },
    refused: '1 Insufficient memory',
  },
  {
    name: 'requests of the pod as a whole',
    on: node({ allocatable: small }),
    spec: { ...requesting({ cpu: '9' }), resources: { requests: { cpu: '1' } } },
    refused: '',
  },
  {
    name: 'ephemeral storage',
    on: node({ allocatable: { ...small, 'ephemeral-storage': '1Gi' } }),
    here: [pod({ spec: requesting({ 'ephemeral-storage': '600Mi' }) })],
    spec: requesting({ 'ephemeral-storage': '600Mi' }),
    refused: '1 Insufficient ephemeral-storage',
  },
  {
    name: 'pods that have ended need nothing',
    on: node({ allocatable: small }),
    here: [pod({ spec: requesting({ cpu: '1' }), status: { phase: 'Succeeded' } })],
    spec: requesting({ cpu: '1' }),
    refused: '',
  },
  {
    name: 'pods of another scheduler, and such as are going, still do',
    on: node({ allocatable: { ...small, pods: '9' } }),
    here: [
      pod({ name: 'a', spec: { ...requesting({ cpu: '500m' }), schedulerName: 'other' } }),
      pod({ name: 'b', spec: requesting({ cpu: '500m' }), meta: { deletionTimestamp: '2026-01-01T00:00:00Z' } }),
    ],
    spec: requesting({ cpu: '1m' }),
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
    const state = stateOf({ nodes: [on], pods: here })
    expect(reasonsOf(pod({ name: 'new', nodeName: '', spec }), state)).toBe(refused)
  })
}

test('reasons are counted over the nodes', () => {
  const nodes = [
    node({ name: 'a', ready: 'False' }),
    node({ name: 'b', spec: { unschedulable: true } }),
    node({ name: 'c', ready: 'False' }),
  ]
  const { refused } = filterNodes(podInfo(pod({ nodeName: '' })), stateOf({ nodes }))
  expect(countedReasons(3, [...refused.values()].flatMap(({ reasons }) => reasons))).toBe(
    '0/3 nodes are available: 1 node(s) were unschedulable, 2 node(s) had untolerated taint(s).',
  )
})

for (const { name, on = node(), here = [], spec, dueToPods } of [
  { name: 'a taint', on: node({ spec: taint('NoSchedule') }), spec: {}, dueToPods: false },
  { name: 'another node wanted', spec: { nodeSelector: { disk: 'ssd' } }, dueToPods: false },
  { name: 'a host port', here: [pod({ spec: hostPort(80) })], spec: hostPort(80), dueToPods: true },
  { name: 'too little left', here: [pod({ spec: requesting({ cpu: '3' }) })], spec: requesting({ cpu: '2' }), dueToPods: true },
  { name: 'more than the node has', spec: requesting({ cpu: '5' }), dueToPods: false },
] satisfies { name: string; on?: Node; here?: Pod[]; spec: Partial<Pod['spec']>; dueToPods: boolean }[]) {
  test(`${name} is ${dueToPods ? '' : 'not '}due to the pods that are there`, () => {
    const state = stateOf({ nodes: [on], pods: here })
    const { refused } = filterNodes(podInfo(pod({ name: 'new', nodeName: '', spec })), state)
    expect([...refused.values()]).toEqual([expect.objectContaining({ dueToPods })])
  })
}

test('pods that have been promised the node count for those that are not more important, and others do not', () => {
  const promised = pod({ name: 'promised', nodeName: '', spec: { ...requesting({ cpu: '3' }), priority: 5 } })
  const state = stateOf({ nodes: [node()] })
  state.promise(promised, 'node-1')
  const fits = (priority: number) =>
    reasonsOf(pod({ name: 'new', nodeName: '', spec: { ...requesting({ cpu: '2' }), priority } }), state) === ''
  expect([4, 5, 6].map(fits)).toEqual([false, false, true])
  expect(reasonsOf(promised, state)).toBe('')
})

test('what is promised must not be needed either: it may never come', () => {
  const friend = pod({ name: 'friend', nodeName: '', labels: { app: 'friend' }, spec: { priority: 9 } })
  const state = stateOf({ nodes: [node({ labels: { host: 'a' } })] })
  state.promise(friend, 'node-1')
  const term = { topologyKey: 'host', labelSelector: { matchLabels: { app: 'friend' } } }
  const spec = { affinity: { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term] } } }
  expect(reasonsOf(pod({ name: 'new', nodeName: '', spec }), state)).toBe("1 node(s) didn't match pod affinity rules")
})

test('filters are asked in upstream’s order', () => {
  expect(filters.map(({ name }) => name)).toEqual([
    'NodeAffinity',
    'NodeUnschedulable',
    'TaintToleration',
    'NodeAffinity',
    'NodePorts',
    'NodeResourcesFit',
    'PodTopologySpread',
    'InterPodAffinity',
  ])
})
