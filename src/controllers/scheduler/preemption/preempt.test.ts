import { expect, test } from 'vitest'
import type { Node } from '../../../api/kinds/node.ts'
import type { Pod, PodSpec } from '../../../api/kinds/pod.ts'
import { node, pod } from '../../fixtures.ts'
import { decide } from '../decide.ts'
import { podInfo } from '../pod-info.ts'
import { stateOf } from '../test-view.ts'

const cpu = (amount: string) => ({ containers: [{ name: 'main', resources: { requests: { cpu: amount } } }] })
const small = (name: string, more: Parameters<typeof node>[0] = {}) =>
  node({ name, allocatable: { cpu: '4', memory: '8Gi', pods: '9' }, labels: { host: name }, ...more })

interface Running {
  readonly priority?: number
  readonly uses?: string
  readonly minute?: number
  readonly on?: string
  readonly spec?: Partial<PodSpec>
  readonly labels?: Record<string, string>
}

const running = (name: string, { priority = 0, uses = '1', minute = 0, on = 'a', spec = {}, labels }: Running = {}): Pod =>
  pod({
    name,
    nodeName: on,
    spec: { ...cpu(uses), priority, ...spec },
    status: { startTime: `2026-01-01T00:${String(minute).padStart(2, '0')}:00Z` },
    ...(labels === undefined ? {} : { labels }),
  })
const wanting = (amount: string, spec: Partial<PodSpec> = {}) =>
  pod({ name: 'new', nodeName: '', spec: { ...cpu(amount), priority: 10, ...spec } })
const apart = (app: string): Partial<PodSpec> => ({
  affinity: {
    podAntiAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: 'host', labelSelector: { matchLabels: { app } } }],
    },
  },
})
const hostPort = { containers: [{ name: 'main', ports: [{ containerPort: 80, hostPort: 80 }] }] }
const names = (pods: readonly { readonly pod: Pod }[]) => pods.map((each) => each.pod.metadata.name)

for (const { name, nodes = [small('a')], here, incoming = wanting('2'), takes } of [
  {
    name: 'the fewest, the least important first',
    here: [running('x', { priority: 5 }), running('y', { priority: 1 }), running('z', { priority: 3 }), running('v', { uses: '1' })],
    takes: 'a: y v',
  },
  {
    name: 'of equally important ones those that have run the shortest',
    here: [running('x', { minute: 3 }), running('y', { minute: 1 }), running('z', { minute: 4 }), running('v', { minute: 2 })],
    takes: 'a: x z',
  },
  {
    name: 'none that need not go',
    here: [running('x', { priority: 9, uses: '1' }), running('y', { uses: '3' })],
    takes: 'a: y',
  },
  { name: 'none of its own importance', here: [running('x', { priority: 10, uses: '3' }), running('y')], takes: undefined },
  {
    name: 'the node whose most important victim is least important',
    nodes: [small('a'), small('b')],
    here: [running('x', { priority: 2, uses: '4' }), ...['p', 'q', 'r', 's'].map((each) => running(each, { priority: 1, on: 'b' }))],
    takes: 'b: r s',
  },
  {
    name: 'the node with the smallest sum of priorities',
    nodes: [small('a'), small('b')],
    here: [
      ...['p', 'q'].map((each) => running(each, { priority: 2, uses: '2' })),
      running('x', { priority: 2, uses: '3', on: 'b' }),
      running('y', { priority: 1, uses: '1', on: 'b' }),
    ],
    incoming: wanting('4'),
    takes: 'b: x y',
  },
  {
    name: 'the node with fewer victims, also of negative priority',
    nodes: [small('a'), small('b')],
    here: [
      ...['p', 'q', 'r', 's'].map((each) => running(each, { priority: -5 })),
      ...['v', 'w'].map((each) => running(each, { priority: -5, uses: '2', on: 'b' })),
    ],
    incoming: wanting('4'),
    takes: 'b: v w',
  },
  {
    name: 'the node where they have run the shortest',
    nodes: [small('a'), small('b')],
    here: [running('x', { uses: '4', minute: 1 }), running('y', { uses: '4', minute: 2, on: 'b' })],
    takes: 'b: y',
  },
  {
    name: 'the first node by name',
    nodes: [small('b'), small('a')],
    here: [running('x', { uses: '4' }), running('y', { uses: '4', on: 'b' })],
    takes: 'a: x',
  },
  { name: 'a host port', here: [running('x', { spec: hostPort }), running('y')], incoming: wanting('0', hostPort), takes: 'a: x' },
  {
    name: 'company that it does not want',
    here: [running('x', { labels: { app: 'noise' } }), running('y')],
    incoming: wanting('1', apart('noise')),
    takes: 'a: x',
  },
  {
    name: 'company that does not want it',
    here: [running('x', { spec: apart('kubia'), labels: { app: 'x' } }), running('y')],
    incoming: wanting('1'),
    takes: 'a: x',
  },
  {
    name: 'pods that crowd its topology',
    nodes: [small('a'), small('b', { spec: { unschedulable: true } })],
    here: [running('x', { uses: '1m' }), running('y', { uses: '1m', labels: { app: 'y' } })],
    incoming: wanting('1', {
      topologySpreadConstraints: [
        { maxSkew: 1, topologyKey: 'host', whenUnsatisfiable: 'DoNotSchedule', labelSelector: { matchLabels: { app: 'kubia' } } },
      ],
    }),
    takes: 'a: x',
  },
  {
    name: 'nobody where it could not be anyway',
    nodes: [small('a', { spec: { unschedulable: true } })],
    here: [running('x', { uses: '4' })],
    takes: undefined,
  },
  {
    name: 'nobody if it must not',
    here: [running('x', { uses: '4' })],
    incoming: wanting('2', { preemptionPolicy: 'Never' }),
    takes: undefined,
  },
] satisfies { name: string; nodes?: Node[]; here: Pod[]; incoming?: Pod; takes: string | undefined }[]) {
  test(`room is made at the cost of ${name}`, () => {
    const state = stateOf({ nodes, pods: here })
    const decision = decide(podInfo(incoming), state)
    if (decision.outcome === 'fits') throw new Error(`fits on ${decision.nodeName}`)
    const { preemption } = decision
    const taken = preemption.outcome === 'possible' ? `${preemption.node.name}: ${names(preemption.victims).join(' ')}` : undefined
    expect(taken).toBe(takes)
  })
}

test('a pod that waits for others to go does not make more go, unless its node is no good any more', () => {
  const leaving = {
    ...running('x', { uses: '4' }),
    metadata: { ...running('x').metadata, deletionTimestamp: '2026-01-01T00:00:00Z' },
    status: { conditions: [{ type: 'DisruptionTarget', status: 'True', reason: 'PreemptionByScheduler' }] },
  }
  const incoming = wanting('2')
  const outcomeWith = (spec: Node['spec']) => {
    const nodes = [small('a', spec === undefined ? {} : { spec }), small('b')]
    const state = stateOf({ nodes, pods: [leaving, running('y', { uses: '4', on: 'b' })] })
    state.promise(incoming, 'a')
    const decision = decide(podInfo(incoming), state)
    return decision.outcome === 'fits' ? decision : decision.preemption
  }
  expect(outcomeWith({})).toEqual({
    outcome: 'not eligible',
    why: 'not eligible due to a terminating pod on the nominated node.',
  })
  expect(outcomeWith({ unschedulable: true })).toMatchObject({ outcome: 'possible', node: { name: 'b' } })
})
