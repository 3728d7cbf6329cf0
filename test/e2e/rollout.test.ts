import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ask, type Asked } from '../requests.ts'
import { rolloutManifest } from '../rollout-manifest.ts'
import { eventually, TestCluster } from '../test-cluster.ts'

/** No request is lost while pods come and go, on a live cluster of two nodes; `npm run bench -- rollout` is the long form. */

const replicas = 4
const load = { count: 2_500, perSecond: 250, concurrency: 4 } as const

let cluster: TestCluster
beforeAll(async () => {
  cluster = await TestCluster.named(`e2e-rollout-${process.pid}`)
  await cluster.up('--nodes', '2')
  const file = join(cluster.home, 'rollout.json')
  await writeFile(file, JSON.stringify(rolloutManifest({ replicas, withdrawFirst: true })))
  await cluster.kubectl('create', '-f', file)
  await cluster.kubectl('rollout', 'status', 'deployment/web', '--timeout=60s')
  await cluster.kubectl('wait', '--for=condition=Ready', 'pod/client', '--timeout=60s')
})
afterAll(() => cluster?.[Symbol.asyncDispose]())

const settled = () => cluster.kubectl('rollout', 'status', 'deployment/web', '--timeout=60s')
const pods = () => cluster.words('pods', '{.items[*].metadata.name}', '-l', 'app=web')

async function balancedAddress(service: string): Promise<string> {
  return eventually('an address', async () => (await cluster.words(`service/${service}`, '{.status.loadBalancer.ingress[0].ip}'))[0])
}

async function everywhere(): Promise<readonly Asked[]> {
  const [clusterIP = '', nodePort = ''] = await cluster.words('service/web', '{.spec.clusterIP} {.spec.ports[0].nodePort}')
  const [node = ''] = await cluster.words('node/node-1', '{.status.addresses[?(@.type=="InternalIP")].address}')
  const urls = [`http://${clusterIP}/`, `http://${node}:${nodePort}/`] as const
  const balanced = await Promise.all(['web', 'near'].map(balancedAddress))
  const streams = (['new', 'keep-alive'] as const).flatMap((connections) => [
    ask(cluster, { pod: 'client' }, { ...load, connections, url: urls[0] }),
    ask(cluster, 'outside', { ...load, connections, url: urls[1] }),
  ])
  const outside = balanced.map((address) => ask(cluster, 'outside', { ...load, connections: 'new', url: `http://${address}/` }))
  return Promise.all([...streams, ...outside])
}

test('every request is answered during an update, scaling, deletion and the drain of a node', async () => {
  const asking = everywhere()
  await cluster.kubectl('set', 'env', 'deployment/web', 'TURN=1')
  await settled()
  await cluster.kubectl('scale', 'deployment/web', '--replicas=2')
  await eventually('two pods', async () => (await pods()).length === 2)
  await cluster.kubectl('scale', 'deployment/web', `--replicas=${replicas}`)
  await settled()
  await cluster.kubectl('delete', 'pod', '--wait=false', ...(await pods()).slice(0, 2))
  await settled()
  await cluster.kubectl('drain', 'node-2', '--pod-selector=app=web', '--timeout=60s')
  await settled()
  await cluster.kubectl('uncordon', 'node-2')
  expect((await asking).map(({ failures }) => failures)).toEqual([{}, {}, {}, {}, {}, {}])
})
