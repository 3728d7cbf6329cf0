import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { namespaceNames } from '../src/cluster/network.ts'
import { realNamespaces } from '../src/kernel/real-namespaces.ts'
import { realProcesses } from '../src/kernel/real-processes.ts'
import { eventually, TestCluster } from '../test/test-cluster.ts'
import { type Benchmark, type Figure, median } from './benchmark.ts'
import { installPrograms } from './debian-programs.ts'
import { type Connections, type Load, LoadGenerator, placeIn } from './load-generator.ts'

const rounds = 5
const kinds = ['keep-alive', 'new'] as const
/** The pod is on the second of three. */
const nodeAddress = (number: number) => `192.168.99.1${number}`

interface Way {
  readonly name: string
  /** The way that it is compared with: to the pod's own address from the same place. */
  readonly direct: string
  readonly load: Pick<Load, 'from' | 'addresses' | 'port'>
}

/**
 * What it costs where a pod is: requests to one on the second of three nodes, by each kind of address, from its own node,
 * from another and from outside, next to those to its own address from there.
 */
export const nodePaths: Benchmark = {
  name: 'node-paths',
  measures: 'requests/s to a pod of the same node and of another one, by each kind of address, on a cluster of three nodes',
  async run(say) {
    await installPrograms(['wrk'], say)
    await using cluster = await TestCluster.named('bench-node-paths')
    await using generator = await LoadGenerator.create()
    await cluster.up('--nodes', '3')
    const ways = await waysTo(cluster)
    const rates = new Map(kinds.flatMap((kind) => ways.map(({ name }) => [`${kind}: ${name}`, [] as number[]])))
    for (let round = 1; round <= rounds; round += 1) {
      for (const connections of kinds) {
        for (const { name, load } of ways) rates.get(`${connections}: ${name}`)?.push((await generator.run({ ...load, connections })).perSecond)
      }
      say(`round ${round} of ${rounds}`)
    }
    return kinds.flatMap((kind) => ways.flatMap((way) => figuresOf(kind, way, rates)))
  },
}

async function waysTo(cluster: TestCluster): Promise<readonly Way[]> {
  const spec = { type: 'LoadBalancer', selector: { app: 'web' }, ports: [{ port: 80, targetPort: 8080, nodePort: 30_080 }] }
  const program = "require('node:http').createServer((request, response) => response.end('ok')).listen(8080)"
  const container = { name: 'web', image: 'luksa/kubia', command: ['node', '-e', program], readinessProbe: { tcpSocket: { port: 8080 }, periodSeconds: 1 } }
  const items = [
    { apiVersion: 'v1', kind: 'Service', metadata: { name: 'web' }, spec },
    { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'web', labels: { app: 'web' } }, spec: { nodeName: 'node-2', terminationGracePeriodSeconds: 0, containers: [container] } },
  ]
  const file = join(cluster.home, 'web.json')
  await writeFile(file, JSON.stringify({ apiVersion: 'v1', kind: 'List', items }))
  await cluster.kubectl('create', '-f', file)
  await cluster.kubectl('wait', '--for=condition=Ready', 'pod', 'web', '--timeout=60s')
  const [podIP = ''] = await cluster.words('pod/web', '{.status.podIP}')
  const [clusterIP = '', balanced = ''] = await eventually('addresses', async () => {
    const words = await cluster.words('service/web', '{.spec.clusterIP} {.status.loadBalancer.ingress[0].ip}')
    return words.length === 2 && words
  })
  await eventually('an answer', async () => (await cluster.tryPortolan('client', '--', 'curl', '-sf', `http://${balanced}/`)).code === 0)
  const names = namespaceNames(cluster.name)
  const at = (namespace: string) => placeIn(realNamespaces(realProcesses).path(namespace))
  const [own, other, outside] = [at(names.node(2)), at(names.node(1)), at(names.outside)]
  const to = (from: Load['from'], address: string, port: number) => ({ from, addresses: [address], port })
  const fromOwn = 'the pod itself, from its node'
  const fromOther = 'the pod itself, from another node'
  return [
    { name: fromOwn, direct: fromOwn, load: to(own, podIP, 8080) },
    { name: 'cluster IP, from its node', direct: fromOwn, load: to(own, clusterIP, 80) },
    { name: fromOther, direct: fromOther, load: to(other, podIP, 8080) },
    { name: 'cluster IP, from another node', direct: fromOther, load: to(other, clusterIP, 80) },
    { name: 'node port of its node, from outside', direct: fromOther, load: to(outside, nodeAddress(2), 30_080) },
    { name: 'node port of another node, from outside', direct: fromOther, load: to(outside, nodeAddress(1), 30_080) },
    { name: 'load balancer, from outside', direct: fromOther, load: to(outside, balanced, 80) },
  ]
}

function figuresOf(kind: Connections, { name, direct }: Way, rates: ReadonlyMap<string, readonly number[]>): Figure[] {
  const own = rates.get(`${kind}: ${name}`) ?? []
  const rate: Figure = { what: `${kind}: ${name}`, value: median(own), unit: '/s' }
  if (name === direct) return [rate]
  const ratios = own.map((each, round) => each / (rates.get(`${kind}: ${direct}`)?.[round] ?? NaN))
  return [rate, { what: `${kind}: ${name} ÷ ${direct}`, value: median(ratios), unit: '×' }]
}
