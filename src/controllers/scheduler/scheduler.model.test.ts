import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Namespaces } from '../../api/kinds/namespace.ts'
import { Nodes, type Node } from '../../api/kinds/node.ts'
import { Pods, type Pod, type PodSpec } from '../../api/kinds/pod.ts'
import { Services } from '../../api/kinds/service.ts'
import { node, pod, TestCluster } from '../fixtures.ts'
import { decide } from './decide.ts'
import { clashes } from './host-ports.ts'
import { podInfo } from './pod-info.ts'
import { isToSchedule, takesRoom } from './pod-stage.ts'
import { schedulerController } from './scheduler.ts'
import { stateOf } from './test-view.ts'

const like = (name: string) => ({ matchLabels: { app: name } })
const term = (name: string, topologyKey: string) => ({ topologyKey, labelSelector: like(name) })

const demands: Readonly<Record<string, Partial<PodSpec>>> = {
  plain: {},
  picky: { nodeSelector: { disk: 'ssd' } },
  tolerant: { tolerations: [{ operator: 'Exists' }] },
  port: { containers: [{ name: 'main', ports: [{ containerPort: 80, hostPort: 80 }] }] },
  near: { affinity: { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term('x', 'zone')] } } },
  apart: { affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term('x', 'host')] } } },
  spread: {
    topologySpreadConstraints: [
      { maxSkew: 1, topologyKey: 'zone', whenUnsatisfiable: 'DoNotSchedule', labelSelector: like('x') },
    ],
  },
}

const step = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('pod' as const),
      app: fc.constantFrom('x', 'y'),
      cpu: fc.constantFrom('1', '2'),
      wants: fc.constantFrom(...Object.keys(demands)),
      priority: fc.constantFrom(0, 0, 10),
      slow: fc.boolean(),
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('delete' as const), at: fc.nat(20) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('node' as const),
      name: fc.constantFrom('a', 'b', 'c'),
      zone: fc.constantFrom('1', '2'),
      disk: fc.constantFrom('ssd', 'hdd'),
      tainted: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('no node' as const), name: fc.constantFrom('a', 'b', 'c') }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('time' as const), ms: fc.constantFrom(50, 500, 5000) }) },
)
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never

/** The longest that a pod may be held back. */
const longestBackoffMs = 10_000

function start(cluster: TestCluster): void {
  const { client, clock } = cluster
  cluster.run(
    schedulerController({
      client,
      clock,
      events: cluster.events.recorder('default-scheduler'),
      pods: cluster.cache(Pods),
      nodes: cluster.cache(Nodes),
      namespaces: cluster.cache(Namespaces),
      services: cluster.cache(Services),
    }),
  )
}

async function perform(cluster: TestCluster, one: Step, serial: number): Promise<void> {
  const { client } = cluster
  switch (one.do) {
    case 'pod': {
      const { containers = [{ name: 'main' }], ...spec } = demands[one.wants] ?? {}
      const requested = containers.map((each) => ({ ...each, resources: { requests: { cpu: one.cpu } } }))
      const meta = one.slow ? { finalizers: ['example.com/slow'] } : {}
      const labels = { app: one.app }
      const wanted = { ...spec, containers: requested, priority: one.priority }
      const status = { phase: 'Pending' }
      client.seed(Pods, pod({ name: `p${serial}`, nodeName: '', labels, spec: wanted, meta, status }))
      return
    }
    case 'delete': {
      const pods = await cluster.all(Pods)
      const gone = pods[one.at % pods.length]
      if (gone !== undefined) client.unseed(Pods, gone.metadata)
      return
    }
    case 'node': {
      const { name, zone, disk, tainted } = one
      const spec: Node['spec'] = tainted ? { taints: [{ key: 'dedicated', effect: 'NoSchedule' }] } : {}
      const allocatable = { cpu: '4', memory: '8Gi', pods: '3' }
      client.seed(Nodes, node({ name, labels: { zone, disk, host: name }, spec, allocatable }))
      return
    }
    case 'no node':
      if (client.peek(Nodes, one.name) !== undefined) client.unseed(Nodes, { name: one.name })
      return
    case 'time':
      return cluster.pass(one.ms)
    default:
      one satisfies never
  }
}

/** What must hold of nodes whatever happens; affinity and spread may be broken by what changes later. */
function isOvercommitted({ metadata }: Node, pods: readonly Pod[]): boolean {
  const here = pods.filter((each) => takesRoom(each) && each.spec.nodeName === metadata.name).map(podInfo)
  const cpu = here.reduce((total, { requests }) => total + (requests.get('cpu') ?? 0), 0)
  const ports = here.flatMap(({ hostPorts }) => hostPorts)
  const twice = ports.some((port, at) => ports.slice(at + 1).some((other) => clashes(port, other)))
  return cpu > 4000 || here.length > 3 || twice
}

test('no node gets more than it has, and no pod waits for which there is a place', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 25 }), async (steps) => {
      await using cluster = new TestCluster()
      start(cluster)
      for (const [serial, one] of steps.entries()) {
        await perform(cluster, one, serial)
        if (serial % 3 === 0) await cluster.quiet()
      }
      await cluster.pass(longestBackoffMs)
      await cluster.pass(longestBackoffMs)
      const [nodes, pods] = [await cluster.all(Nodes), await cluster.all(Pods)]
      expect(nodes.filter((each) => isOvercommitted(each, pods)).map(({ metadata }) => metadata.name)).toEqual([])
      const fresh = stateOf({ nodes, pods })
      const overlooked = pods.filter((each) => isToSchedule(each) && decide(podInfo(each), fresh).outcome === 'fits')
      expect(overlooked.map(({ metadata }) => metadata.name)).toEqual([])
    }),
    { numRuns: 100 },
  )
})
