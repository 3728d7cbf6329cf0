import { join } from 'node:path'
import { EndpointSlices } from '../src/api/kinds/endpoint-slice.ts'
import { Services } from '../src/api/kinds/service.ts'
import { apiClient } from '../src/client/api-client.ts'
import type { Client } from '../src/client/client.ts'
import { http2Transport } from '../src/client/http2-transport.ts'
import { readKubeconfig } from '../src/client/kubeconfig.ts'
import { contextName } from '../src/cluster/kubeconfig.ts'
import { TestCluster } from '../test/test-cluster.ts'
import { type Figure, percentile } from './benchmark.ts'
import { DnsProbe } from './dns-probe.ts'
import { dnsRestarts } from './dns-restarts.ts'

const nodes = ['node-1', 'node-2']
const otherServices = 1_000
const writers = 16
const changes = 200
const namespace = 'default'
const domain = 'svc.cluster.local'

/**
 * From the moment at which a change is sent to the API until every node's DNS answers accordingly, which a process in
 * each node's namespace finds out by asking all the time. The clock starts before the request.
 */
export async function dnsProgramming(say: (line: string) => void): Promise<Figure[]> {
  await using cluster = await TestCluster.named('bench-dns')
  await cluster.up('--nodes', String(nodes.length))
  const transport = http2Transport(await readKubeconfig(join(cluster.home, 'kubeconfig'), contextName(cluster.name)))
  await using closing = new AsyncDisposableStack()
  closing.defer(() => transport.close())
  const client = apiClient(transport)
  await createOthers(client)
  say(`${otherServices} other Services exist`)
  const probes = nodes.map((node) => closing.use(new DnsProbe(cluster, node)))
  const services = await ofServices(client, probes)
  const endpoints = await ofEndpoints(client, probes)
  say('changes are measured')
  return [
    ...(await dnsRestarts(cluster, nodes)),
    ...figures('a new Service → its name is answered on both nodes', services),
    ...figures('an endpoint of a headless Service → it is in the answer on both nodes', endpoints),
  ]
}

async function ofServices(client: Client, probes: readonly DnsProbe[]): Promise<number[]> {
  return timed(async (index) => {
    const name = `new-${index}`
    return {
      looking: probes.map((probe) => probe.lookFor(`${name}.${namespace}.${domain}`, '*')),
      change: () => client.create(Services, { metadata: { name, namespace }, spec: { ports: [{ port: 80 }] } }),
    }
  })
}

async function ofEndpoints(client: Client, probes: readonly DnsProbe[]): Promise<number[]> {
  const name = 'switched'
  await client.create(Services, { metadata: { name, namespace }, spec: { clusterIP: 'None', ports: [{ port: 80 }] } })
  await client.create(EndpointSlices, {
    metadata: { name, namespace, labels: { 'kubernetes.io/service-name': name } },
    addressType: 'IPv4',
    endpoints: [],
  })
  return timed(async (index) => {
    const address = `10.108.200.${1 + (index % 250)}`
    return {
      looking: probes.map((probe) => probe.lookFor(`${name}.${namespace}.${domain}`, address)),
      change: () =>
        client.patch(EndpointSlices, { namespace, name }, { type: 'merge', body: { endpoints: [{ addresses: [address], conditions: { ready: true } }] } }),
    }
  })
}

interface Change {
  /** Each resolves, when it looks, to the promise of the time at which it saw the right answer. */
  readonly looking: readonly Promise<{ readonly seenAt: Promise<number> }>[]
  change(): Promise<unknown>
}

/** Milliseconds from the request to the last node, of each change. */
async function timed(make: (index: number) => Promise<Change>): Promise<number[]> {
  const times: number[] = []
  // The first two changes are not counted: who starts in them has not been compiled yet.
  for (let index = -2; index < changes; index += 1) {
    const { looking, change } = await make(index + 2)
    const looks = await Promise.all(looking)
    const sentAt = Number(process.hrtime.bigint()) / 1e6
    await change()
    const seen = await Promise.all(looks.map(({ seenAt }) => seenAt))
    if (index >= 0) times.push(Math.max(...seen) - sentAt)
  }
  return times
}

async function createOthers(client: Client): Promise<void> {
  let next = 0
  await Promise.all(
    Array.from({ length: writers }, async () => {
      while (next < otherServices) {
        const name = `other-${next++}`
        await client.create(Services, { metadata: { name, namespace }, spec: { ports: [{ port: 80 }] } })
      }
    }),
  )
}

function figures(what: string, times: readonly number[]): Figure[] {
  return [
    { what: `${what}, p50`, value: percentile(times, 0.5), unit: 'ms', goal: '≤ 10 ms' },
    { what: `${what}, p99`, value: percentile(times, 0.99), unit: 'ms', goal: '≤ 50 ms' },
  ]
}
