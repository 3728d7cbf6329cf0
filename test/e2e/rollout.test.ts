import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ask, type Place, type Requests } from '../requests.ts'
import { rolloutManifest } from '../rollout-manifest.ts'
import { eventually, TestCluster } from '../test-cluster.ts'

/** No request is lost while pods come and go, on a live cluster of two nodes; `npm run bench -- rollout` is the long form. */

const replicas = 4
/** The steps take a minute and a half on a busy machine. */
const withinMs = 240_000
/** Of each stream, again and again; ten seconds of it. */
const load = { count: 1_000, perSecond: 100, concurrency: 4 } as const

let cluster: TestCluster
beforeAll(async () => {
  cluster = await TestCluster.named(`e2e-rollout-${process.pid}`)
  await cluster.up('--nodes', '2')
  const file = join(cluster.home, 'rollout.json')
  await writeFile(file, JSON.stringify(rolloutManifest({ replicas, withdrawFirst: true, withIngress: true })))
  await cluster.kubectl('create', '-f', file)
  await cluster.kubectl('rollout', 'status', 'deployment/web', '--timeout=60s')
  await cluster.kubectl('wait', '--for=condition=Ready', 'pod/client', '--timeout=60s')
})
afterAll(() => cluster?.[Symbol.asyncDispose]())

const settled = () => cluster.kubectl('rollout', 'status', 'deployment/web', '--timeout=60s')
const pods = () => cluster.words('pods', '{.items[*].metadata.name}', '-l', 'app=web')

async function addressOf(what: string): Promise<string> {
  return eventually(`an address of ${what}`, async () => (await cluster.words(what, '{.status.loadBalancer.ingress[0].ip}'))[0])
}

interface Stream {
  readonly from: Place
  readonly url: string
  readonly connections: Requests['connections']
}

/** By every way, with a connection for each request and with such as are kept. */
async function streams(): Promise<readonly Stream[]> {
  const [clusterIP = '', nodePort = ''] = await cluster.words('service/web', '{.spec.clusterIP} {.spec.ports[0].nodePort}')
  const [node = ''] = await cluster.words('node/node-1', '{.status.addresses[?(@.type=="InternalIP")].address}')
  const addresses = await Promise.all(['service/web', 'service/near', 'ingress/web'].map(addressOf))
  const outside = [`${node}:${nodePort}`, ...addresses].map((host) => ({ from: 'outside', host }) as const)
  return [{ from: { pod: 'client' }, host: clusterIP }, ...outside].flatMap(({ from, host }) =>
    (['new', 'keep-alive'] as const).map((connections) => ({ from, url: `http://${host}/`, connections })),
  )
}

/** Asks until the signal aborts, and at least once. Resolves to what failed, by way. */
async function askUntil(over: AbortSignal, stream: Stream): Promise<readonly string[]> {
  const failures: string[] = []
  do {
    const asked = await ask(cluster, stream.from, { ...load, ...stream })
    failures.push(...asked.firstFailures.map((failure) => `${stream.url} ${stream.connections} ${JSON.stringify(failure)}`))
  } while (!over.aborted)
  return failures
}

test('every request is answered during an update, scaling, deletion and the drain of a node', async () => {
  const over = new AbortController()
  const asking = Promise.all((await streams()).map((stream) => askUntil(over.signal, stream)))
  const [failures] = await Promise.all([asking, disturb().finally(() => over.abort())])
  expect(failures.flat()).toEqual([])
}, withinMs)

async function disturb(): Promise<void> {
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
}
