import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ask } from '../requests.ts'
import { rolloutManifest } from '../rollout-manifest.ts'
import { eventually, TestCluster } from '../test-cluster.ts'

/** Nodes that come and go, lose their power or their network. Steps build on one another. */

let cluster: TestCluster
beforeAll(async () => {
  cluster = await TestCluster.named(`e2e-nodes-${process.pid}`)
  await cluster.up('--nodes', '2')
  const file = join(cluster.home, 'rollout.json')
  await writeFile(file, JSON.stringify(rolloutManifest({ replicas: 4, withdrawFirst: true, withIngress: false })))
  await cluster.kubectl('create', '-f', file)
  await settled()
})
afterAll(() => cluster?.[Symbol.asyncDispose]())

const settled = () => cluster.kubectl('rollout', 'status', 'deployment/web', '--timeout=60s')
const isReady = (node: string, status: string) =>
  eventually(`${node} Ready ${status}`, async () => {
    const [ready] = await cluster.words(`node/${node}`, '{.status.conditions[?(@.type=="Ready")].status}')
    return ready === status
  })

/** Of the pods of the app that are in its Endpoints, by node. */
const nodesInService = async () => new Set(await cluster.words('endpoints/web', '{.subsets[*].addresses[*].nodeName}'))
const containersOn = (node: string) =>
  cluster.words('pods', '{.items[*].status.containerStatuses[0].containerID}', '--field-selector', `spec.nodeName=${node}`, '-l', 'app=web')
const podsOn = (node: string) => cluster.words('pods', '{.items[*].metadata.name}', '--field-selector', `spec.nodeName=${node}`, '-l', 'app=web')
const containersOf = async (pods: readonly string[]) =>
  (await Promise.all(pods.map((pod) => cluster.words(`pod/${pod}`, '{.status.containerStatuses[0].containerID}')))).flat()
const inNode = (node: string, ...command: string[]) => cluster.portolan('node', 'exec', node, '--', ...command)

/** Whose pods answer a number of connections to the Service `late`, asked for by its name from a pod. */
async function nodesHeard(from: string): Promise<Set<string>> {
  const answers = await cluster.kubectl('exec', from, '--', 'sh', '-c', 'for n in $(seq 30); do curl -s --max-time 2 http://late; done')
  const pods = (await cluster.words('pods', '{range .items[*]}{.metadata.name}={.spec.nodeName} {end}')).map((pair) => pair.split('='))
  const nodes = new Map(pods.map(([pod = '', node = '']) => [pod, node]))
  return new Set(answers.trim().split('\n').map((line) => nodes.get(line.replace("You've hit ", '')) ?? line))
}

async function clusterIP(): Promise<string> {
  const [address = ''] = await cluster.words('service/web', '{.spec.clusterIP}')
  return address
}

test('a node that is added takes pods, and one that is removed hands them over without a lost request', async () => {
  await cluster.portolan('node', 'add')
  await isReady('node-3', 'True')
  const load = { connections: 'new', count: 1500, perSecond: 300, concurrency: 4, url: `http://${await clusterIP()}/` } as const
  const asking = ask(cluster, { node: 'node-1' }, load)
  await cluster.kubectl('scale', 'deployment/web', '--replicas=6')
  await settled()
  expect(await containersOn('node-3')).not.toEqual([])
  await cluster.portolan('node', 'remove', 'node-2')
  await settled()
  expect((await asking).failures).toEqual({})
  expect(await cluster.words('nodes', '{.items[*].metadata.name}')).toEqual(['node-1', 'node-3'])
  expect([...(await nodesInService())].sort()).toEqual(['node-1', 'node-3'])
})

test('a node that loses its power, and one that loses its network, leave the Services; both come back', async () => {
  await cluster.portolan('node', 'add', 'node-2')
  await cluster.kubectl('rollout', 'restart', 'deployment/web')
  await settled()
  await eventually('pods of all nodes in the Service', async () => (await nodesInService()).size === 3)
  const [doomed = '', ...stayers] = await podsOn('node-3')
  const [teller = ''] = stayers
  const kept = await containersOf(stayers)
  expect(kept.length).toBeGreaterThan(0)
  const lost = await containersOn('node-2')
  await cluster.portolan('node', 'stop', 'node-2')
  await inNode('node-3', 'ip', 'link', 'set', 'eth0', 'down')
  await Promise.all([isReady('node-2', 'Unknown'), isReady('node-3', 'Unknown')])
  await eventually('only node-1 in the Service', async () => [...(await nodesInService())].join() === 'node-1')
  const load = { connections: 'new', count: 100, perSecond: 200, concurrency: 4, url: `http://${await clusterIP()}/` } as const
  expect((await ask(cluster, { node: 'node-1' }, load)).failures).toEqual({})
  // What the one that is cut off will have to learn.
  await cluster.kubectl('expose', 'deployment/web', '--name=late', '--port=80', '--target-port=8080')
  await cluster.kubectl('delete', 'pod', doomed, '--wait=false')
  await cluster.portolan('node', 'start', 'node-2')
  await inNode('node-3', 'ip', 'link', 'set', 'eth0', 'up')
  await inNode('node-3', 'ip', 'route', 'replace', 'default', 'via', '192.168.99.1')
  await Promise.all([isReady('node-2', 'True'), isReady('node-3', 'True')])
  await eventually('pods of all nodes in the Service', async () => (await nodesInService()).size === 3)
  await eventually('the deleted pod has ended', async () => !(await podsOn('node-3')).includes(doomed))
  await settled()
  expect(await containersOf(stayers)).toEqual(kept)
  await eventually('direct routes', async () => (await inNode('node-3', 'ip', 'route', 'show', 'protocol', '108')).stdout.includes('via 192.168.99.11 dev eth0'))
  const [other = ''] = await podsOn('node-1')
  for (const from of [teller, other]) await eventually(`a new name answered by pods of all nodes, asked from ${from}`, async () => (await nodesHeard(from)).size === 3)
  const back = await containersOn('node-2')
  expect(back).toHaveLength(lost.length)
  expect(back.filter((id) => lost.includes(id))).toEqual([])
})
