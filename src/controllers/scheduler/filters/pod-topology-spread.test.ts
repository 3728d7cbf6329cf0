import { expect, test } from 'vitest'
import type { Node } from '../../../api/kinds/node.ts'
import type { Pod, PodSpec } from '../../../api/kinds/pod.ts'
import { node, pod } from '../../fixtures.ts'
import { podInfo } from '../pod-info.ts'
import { stateOf } from '../test-view.ts'
import { podTopologySpread } from './pod-topology-spread.ts'

type Constraint = NonNullable<PodSpec['topologySpreadConstraints']>[number]

const mismatch = "node(s) didn't match pod topology spread constraints"
const unlabelled = `${mismatch} (missing required label)`

const inZone = (name: string, zone: string, spec: Node['spec'] = {}) =>
  node({ name, labels: { zone, 'kubernetes.io/hostname': name }, spec })
const zones = [inZone('a1', 'a'), inZone('a2', 'a'), inZone('b1', 'b')]
const on = (nodeName: string, count: number, more: Parameters<typeof pod>[0] = {}): Pod[] =>
  Array.from({ length: count }, (_, at) => pod({ name: `${nodeName}-${at}`, nodeName, ...more }))
const spread = (constraint: Partial<Constraint> = {}): Constraint => ({
  maxSkew: 1,
  topologyKey: 'zone',
  whenUnsatisfiable: 'DoNotSchedule',
  labelSelector: { matchLabels: { app: 'kubia' } },
  ...constraint,
})
const reserved = { taints: [{ key: 'dedicated', effect: 'NoSchedule' }] }

for (const { name, nodes = zones, here = [], constraints, spec = {}, labels, refused } of [
  { name: 'nothing there yet', constraints: [spread()], refused: {} },
  { name: 'one ahead already', here: on('a1', 1), constraints: [spread()], refused: { a1: mismatch, a2: mismatch } },
  { name: 'as many as may be ahead', here: on('a1', 1), constraints: [spread({ maxSkew: 2 })], refused: {} },
  {
    name: 'hosts',
    here: [...on('a1', 1), ...on('b1', 1)],
    constraints: [spread({ topologyKey: 'kubernetes.io/hostname' })],
    refused: { a1: mismatch, b1: mismatch },
  },
  {
    name: 'both, of which no node can satisfy all',
    here: [...on('a1', 1), ...on('b1', 2)],
    constraints: [spread(), spread({ topologyKey: 'kubernetes.io/hostname' })],
    refused: { a1: mismatch, b1: mismatch },
  },
  {
    name: 'pods that are not selected, of other namespaces, or going do not count',
    here: [
      ...on('a1', 3, { labels: { app: 'other' } }),
      ...on('a1', 3, { meta: { namespace: 'other' } }),
      ...on('a1', 3, { meta: { deletionTimestamp: '2026-01-01T00:00:00Z' } }),
    ],
    constraints: [spread()],
    refused: {},
  },
  {
    name: 'a pod that its own constraint does not select may be one more',
    here: on('a1', 1),
    constraints: [spread()],
    labels: { app: 'new' },
    refused: {},
  },
  {
    name: 'no selector selects nothing',
    here: on('a1', 9),
    constraints: [{ maxSkew: 1, topologyKey: 'zone', whenUnsatisfiable: 'DoNotSchedule' }],
    refused: {},
  },
  {
    name: 'a node without the label is none of the domains',
    nodes: [...zones, node({ name: 'c' })],
    here: on('a1', 1),
    constraints: [spread()],
    refused: { a1: mismatch, a2: mismatch, c: unlabelled },
  },
  { name: 'one that may be broken', here: on('a1', 9), constraints: [spread({ whenUnsatisfiable: 'ScheduleAnyway' })], refused: {} },
  {
    name: 'fewer domains than asked for: the emptiest counts as empty',
    here: [...on('a1', 1), ...on('b1', 1)],
    constraints: [spread({ minDomains: 3 })],
    refused: { a1: mismatch, a2: mismatch, b1: mismatch },
  },
  {
    name: 'as many domains as asked for',
    here: [...on('a1', 1), ...on('b1', 1)],
    constraints: [spread({ minDomains: 2 })],
    refused: {},
  },
  {
    name: 'nodes that the pod does not want are not compared with',
    nodes: [...zones, inZone('c1', 'c')],
    here: [...on('a1', 1), ...on('b1', 1)],
    constraints: [spread()],
    spec: {
      affinity: {
        nodeAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: {
            nodeSelectorTerms: [{ matchExpressions: [{ key: 'zone', operator: 'NotIn', values: ['c'] }] }],
          },
        },
      },
    },
    refused: {},
  },
  {
    name: 'but are, if the constraint ignores what it wants',
    nodes: [...zones, inZone('c1', 'c')],
    here: [...on('a1', 1), ...on('b1', 1)],
    constraints: [spread({ nodeAffinityPolicy: 'Ignore' })],
    spec: { nodeSelector: { zone: 'a' } },
    refused: { a1: mismatch, a2: mismatch, b1: mismatch },
  },
  {
    name: 'tainted nodes are compared with',
    nodes: [...zones, inZone('c1', 'c', reserved)],
    here: [...on('a1', 1), ...on('b1', 1)],
    constraints: [spread()],
    refused: { a1: mismatch, a2: mismatch, b1: mismatch },
  },
  {
    name: 'but are not, if the constraint honours taints',
    nodes: [...zones, inZone('c1', 'c', reserved)],
    here: [...on('a1', 1), ...on('b1', 1)],
    constraints: [spread({ nodeTaintsPolicy: 'Honor' })],
    refused: {},
  },
  {
    name: 'only pods with the same value of a label, such as the hash of a rollout',
    here: [...on('a1', 4, { labels: { app: 'kubia', hash: 'old' } }), ...on('b1', 1, { labels: { app: 'kubia', hash: 'new' } })],
    constraints: [spread({ matchLabelKeys: ['hash', 'unknown'] })],
    labels: { app: 'kubia', hash: 'new' },
    refused: { b1: mismatch },
  },
] satisfies {
  name: string
  nodes?: Node[]
  here?: Pod[]
  constraints: Constraint[]
  spec?: Partial<PodSpec>
  labels?: Record<string, string>
  refused: Record<string, string>
}[]) {
  test(name, () => {
    const newPod = pod({
      name: 'new',
      nodeName: '',
      spec: { ...spec, topologySpreadConstraints: constraints },
      ...(labels === undefined ? {} : { labels }),
    })
    const state = stateOf({ nodes, pods: here.map((each, at) => ({ ...each, metadata: { ...each.metadata, uid: `${at}` } })) })
    const check = podTopologySpread.prepare(podInfo(newPod), state)
    const refusals = [...state.nodes.values()].map((each) => [each.name, check?.(each)?.reasons.join()] as const)
    expect(Object.fromEntries(refusals.filter(([, reason]) => reason !== undefined))).toEqual(refused)
  })
}
