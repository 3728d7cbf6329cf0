import { describe, expect, test } from 'vitest'
import type { Node } from '../../api/kinds/node.ts'
import type { Pod, PodSpec } from '../../api/kinds/pod.ts'
import type { Service } from '../../api/kinds/service.ts'
import { node, pod, service } from '../fixtures.ts'
import { podInfo } from './pod-info.ts'
import { pickNode, type Score } from './score.ts'
import { company } from './scores/company.ts'
import { balancedAllocation, leastAllocated } from './scores/free-resources.ts'
import { preferredNodes, softTaints } from './scores/node-preference.ts'
import { spreading } from './scores/spreading.ts'
import { stateOf } from './test-view.ts'

interface Case {
  name: string
  nodes?: Node[]
  here?: Pod[]
  services?: Service[]
  spec?: Partial<PodSpec>
  meta?: Partial<Pod['metadata']>
  rates: readonly number[] | undefined
}

const requesting = (requests: Record<string, string>) => ({ containers: [{ name: 'main', resources: { requests } }] })
const host = (name: string, more: Parameters<typeof node>[0] = {}) =>
  node({ name, ...more, labels: { 'kubernetes.io/hostname': name, ...more.labels } })
const hosts = [host('a'), host('b'), host('c')]
const inZone = (name: string, zone: string) => host(name, { labels: { 'topology.kubernetes.io/zone': zone } })
const on = (nodeName: string, count: number, more: Parameters<typeof pod>[0] = {}): Pod[] =>
  Array.from({ length: count }, (_, at) => pod({ name: `${nodeName}-${at}`, nodeName, ...more }))
const ownedBy = (kind: string, uid = 'x') => ({
  ownerReferences: [{ apiVersion: 'v1', kind, name: 'x', uid, controller: true }],
})
const soft = (...keys: string[]) => ({ taints: keys.map((key) => ({ key, effect: 'PreferNoSchedule' })) })
const prefers = (weight: number, key: string, value: string) => ({
  weight,
  preference: { matchExpressions: [{ key, operator: 'In', values: [value] }] },
})
const nodeAffinity = (...terms: ReturnType<typeof prefers>[]) => ({
  affinity: { nodeAffinity: { preferredDuringSchedulingIgnoredDuringExecution: terms } },
})
const toward = (weight: number, app: string, topologyKey = 'kubernetes.io/hostname') => ({
  weight,
  podAffinityTerm: { topologyKey, labelSelector: { matchLabels: { app } } },
})
const wishes = (near: ReturnType<typeof toward>[], apart: ReturnType<typeof toward>[] = []) => ({
  affinity: {
    podAffinity: { preferredDuringSchedulingIgnoredDuringExecution: near },
    podAntiAffinity: { preferredDuringSchedulingIgnoredDuringExecution: apart },
  },
})
const anyway = (topologyKey: string, maxSkew = 1) => ({
  topologySpreadConstraints: [
    { topologyKey, maxSkew, whenUnsatisfiable: 'ScheduleAnyway', labelSelector: { matchLabels: { app: 'kubia' } } },
  ],
})

function rating(score: Score, cases: readonly Case[]): void {
  describe(score.name, () => {
    for (const { name, nodes = hosts, here = [], services = [], spec = {}, meta = {}, rates } of cases) {
      test(name, () => {
        const pods = here.map((each, at) => ({ ...each, metadata: { ...each.metadata, uid: `${at}` } }))
        const state = stateOf({ nodes, pods, services })
        const newPod = pod({ name: 'new', nodeName: '', spec, meta })
        expect(score.rate(podInfo(newPod), [...state.nodes.values()], state)).toEqual(rates)
      })
    }
  })
}

rating(softTaints, [
  { name: 'none', rates: [100, 100, 100] },
  { name: 'the more, the worse', nodes: [host('a', { spec: soft('x', 'y') }), host('b', { spec: soft('x') }), host('c')], rates: [0, 50, 100] },
  {
    name: 'tolerated ones do not count',
    nodes: [host('a', { spec: soft('x') }), host('b')],
    spec: { tolerations: [{ key: 'x', operator: 'Exists', effect: 'PreferNoSchedule' }] },
    rates: [100, 100],
  },
  {
    name: 'one that is tolerated with another effect does',
    nodes: [host('a', { spec: soft('x') }), host('b')],
    spec: { tolerations: [{ key: 'x', operator: 'Exists', effect: 'NoExecute' }] },
    rates: [0, 100],
  },
])

const disks = [host('a', { labels: { disk: 'ssd', zone: 'x' } }), host('b', { labels: { zone: 'x' } }), host('c')]
rating(preferredNodes, [
  { name: 'no preference', rates: undefined },
  { name: 'weights add up', nodes: disks, spec: nodeAffinity(prefers(30, 'disk', 'ssd'), prefers(10, 'zone', 'x')), rates: [100, 25, 0] },
  { name: 'none of the nodes is one', nodes: disks, spec: nodeAffinity(prefers(30, 'disk', 'tape')), rates: [0, 0, 0] },
])

rating(leastAllocated, [
  {
    name: 'the mean of what stays free of cpu and memory',
    nodes: [host('a', { allocatable: { cpu: '4', memory: '8Gi' } })],
    here: on('a', 1, { spec: requesting({ cpu: '1', memory: '2Gi' }) }),
    spec: requesting({ cpu: '1', memory: '4Gi' }),
    rates: [37],
  },
  {
    name: 'a container without requests counts as a tenth of a core and 200 MB',
    nodes: [host('a', { allocatable: { cpu: '1', memory: '2000Mi' } })],
    here: on('a', 1),
    spec: { containers: [{ name: 'one' }, { name: 'two' }] },
    rates: [70],
  },
  {
    name: 'more than there is leaves nothing',
    nodes: [host('a', { allocatable: { cpu: '1', memory: '1Gi' } })],
    spec: requesting({ cpu: '2', memory: '0' }),
    rates: [50],
  },
])

rating(balancedAllocation, [
  { name: 'of no interest to a pod without requests', rates: undefined },
  {
    name: 'equal shares are best, and of what is requested alone',
    nodes: [host('a', { allocatable: { cpu: '4', memory: '4Gi' } }), host('b', { allocatable: { cpu: '4', memory: '8Gi' } })],
    here: on('a', 3),
    spec: requesting({ cpu: '2', memory: '2Gi' }),
    rates: [100, 87],
  },
])

const owner = ownedBy('ReplicaSet')
// By upstream's formula: a domain with n pods is n·ln(domains + 2) + maxSkew − 1 crowded, rounded in sum.
rating(spreading, [
  { name: 'a pod behind no Service and of no owner', here: on('a', 2), rates: undefined },
  { name: 'a pod of a DaemonSet', here: on('a', 2, { meta: ownedBy('DaemonSet') }), meta: ownedBy('DaemonSet'), rates: undefined },
  { name: 'pods of one owner', here: [...on('a', 2, { meta: owner }), ...on('b', 1, { meta: owner })], meta: owner, rates: [40, 60, 100] },
  { name: 'pods of another owner do not count', here: on('a', 2, { meta: ownedBy('ReplicaSet', 'y') }), meta: owner, rates: [100, 100, 100] },
  { name: 'pods of one Service', here: on('a', 2), services: [service()], rates: [40, 100, 100] },
  {
    name: 'pods of the Service and of the owner, both',
    here: [...on('a', 2), ...on('b', 2, { meta: owner })],
    services: [service()],
    meta: owner,
    rates: [100, 40, 100],
  },
  {
    name: 'zones, where there are some',
    nodes: [inZone('a', 'x'), inZone('b', 'x'), inZone('c', 'y')],
    here: on('a', 2, { meta: owner }),
    meta: owner,
    rates: [50, 75, 100],
  },
  { name: 'constraints that may be broken', here: [...on('a', 2), ...on('b', 1)], spec: anyway('kubernetes.io/hostname'), rates: [0, 33, 100] },
  {
    name: 'nodes outside of a topology that is asked for come last',
    nodes: [inZone('a', 'x'), inZone('b', 'y'), host('c')],
    here: on('a', 1),
    spec: anyway('topology.kubernetes.io/zone'),
    rates: [0, 100, 0],
  },
  {
    name: 'constraints that must not be broken are not rated, nor the usual ones beside them',
    here: on('a', 2),
    services: [service()],
    spec: {
      topologySpreadConstraints: [{ topologyKey: 'zone', maxSkew: 1, whenUnsatisfiable: 'DoNotSchedule' }],
    },
    rates: undefined,
  },
])

rating(company, [
  { name: 'no wishes', here: on('a', 2), rates: undefined },
  { name: 'company that is nowhere', spec: wishes([toward(10, 'db')]), rates: undefined },
  {
    name: 'the more and the weightier, the better; what is to be avoided counts against',
    here: [...on('a', 2, { labels: { app: 'db' } }), ...on('b', 1, { labels: { app: 'db' } }), ...on('c', 1, { labels: { app: 'noise' } })],
    spec: wishes([toward(10, 'db')], [toward(20, 'noise')]),
    rates: [100, 75, 0],
  },
  {
    name: 'what those that are there prefer of the new one',
    here: [...on('a', 1, { spec: wishes([toward(10, 'kubia')]) }), ...on('b', 1, { spec: wishes([], [toward(10, 'kubia')]) })],
    rates: [100, 0, 50],
  },
  {
    name: 'what they need is worth little',
    here: [
      ...on('a', 1, {
        spec: { affinity: { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [toward(1, 'kubia').podAffinityTerm] } } },
      }),
      ...on('b', 1, { spec: wishes([toward(4, 'kubia')]) }),
    ],
    rates: [25, 100, 0],
  },
])

describe('the node picked', () => {
  for (const { name, nodes = hosts, here, spec = {}, picks } of [
    { name: 'is the least loaded', here: on('a', 1, { spec: requesting({ cpu: '2' }) }), picks: 'b' },
    {
      name: 'is, of two about equally loaded, the one with fewer pods of the owner',
      nodes: ['a', 'b'].map((each) => host(each, { allocatable: { cpu: '64', memory: '512Gi', pods: '110' } })),
      here: [...on('a', 1, { meta: owner }), ...on('b', 2)],
      picks: 'b',
    },
    { name: 'is one that does not prefer otherwise', nodes: [host('a', { spec: soft('x') }), host('b')], here: on('b', 1), picks: 'b' },
    { name: 'is the preferred one', nodes: disks, here: on('a', 3), spec: nodeAffinity(prefers(1, 'disk', 'ssd')), picks: 'a' },
    { name: 'is, of equals, the one with the fewest pods', here: on('a', 1, { spec: requesting({ cpu: '1n', memory: '1' }) }), picks: 'b' },
    { name: 'is the first by name when all is equal', nodes: [...hosts].reverse(), here: [], picks: 'a' },
  ] satisfies { name: string; nodes?: Node[]; here: Pod[]; spec?: Partial<PodSpec>; picks: string }[]) {
    test(name, () => {
      const state = stateOf({ nodes, pods: here })
      const info = podInfo(pod({ name: 'new', nodeName: '', meta: owner, spec }))
      expect(pickNode(info, [...state.nodes.values()], state)?.name).toBe(picks)
    })
  }
})
