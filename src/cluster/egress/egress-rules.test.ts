import { beforeAll, afterAll, expect, test } from 'vitest'
import { realProcesses } from '../../kernel/real-processes.ts'
import { TestNetwork, type TestNamespace } from '../../kernel/test-network.ts'
import type { TestPeer } from '../../kernel/test-peer.ts'
import { addressPlan } from '../address-plan.ts'
import { egressLink } from './egress-link.ts'
import { egressRules } from './egress-rules.ts'

/** The rules in a kernel, between a node and a world in which every address answers, at port 80 and at port 53. */

const pod = '10.108.1.2'
const world = '198.51.100.7'

let network: TestNetwork
let edge: TestNamespace
let beyond: TestNamespace
let inPod: TestPeer
let inEdge: TestPeer
let inWorld: TestPeer
beforeAll(async () => {
  network = new TestNetwork()
  edge = await network.namespace('edge')
  beyond = await network.namespace('world')
  const [device] = await network.link(
    { namespace: edge, address: `${egressLink.address}/${egressLink.prefixBits}` },
    { namespace: beyond, address: `${egressLink.gateway}/${egressLink.prefixBits}` },
  )
  await edge.ip(`link set ${device} down`, `link set ${device} name ${egressLink.device}`, `link set ${egressLink.device} up`, `route add default via ${egressLink.gateway}`)
  await beyond.ip('route add local 0.0.0.0/1 dev lo', 'route add local 128.0.0.0/1 dev lo', `route add ${pod} via ${egressLink.address}`)
  inPod = await network.peer(await network.pod(edge, pod))
  inEdge = await network.peer(edge)
  inWorld = await network.peer(beyond)
  for (const port of [80, 53]) await inWorld.serve('tcp', port)
  for (const peer of [inPod, inEdge]) await peer.serve('tcp', 8080)
  const load = () => realProcesses.run(['nft', '-f', '-'], { netns: edge.path, input: egressRules(addressPlan()) })
  await load()
  await load()
})
afterAll(() => network?.[Symbol.asyncDispose]())

test.for([
  [world, 80],
  ['169.254.169.253', 53],
] as const)('%s port %i is reached, with the address of the edge', async ([address, port]) => {
  for (const peer of [inPod, inEdge]) {
    expect(await peer.ask('tcp', address, port)).toMatchObject({ server: 'world', client: egressLink.address })
  }
})

test.for(['10.108.7.1', '10.96.0.99', '192.168.99.77', '203.0.113.200', '169.254.169.254', egressLink.gateway])('%s is refused at once', async (address) => {
  for (const peer of [inPod, inEdge]) await expect(peer.ask('tcp', address, 80)).rejects.toMatchObject({ code: 'EHOSTUNREACH' })
})

test('nobody comes in', async () => {
  for (const address of [pod, egressLink.address]) {
    await expect(inWorld.ask('tcp', address, 8080, { patienceMs: 300 })).rejects.toMatchObject({ code: 'ETIMEDOUT' })
  }
})

test('nothing leaves with another address than the edge’s, not even what connection tracking does not know', async () => {
  const own = `${egressLink.address}, ${egressLink.gateway}`
  await beyond.run('nft', `table ip seen { counter strange {}; chain early { type filter hook prerouting priority raw; iifname != "lo" ip saddr != { ${own} } counter name strange; }; }`)
  await edge.run('nft', 'table ip untracked { chain early { type filter hook prerouting priority raw; tcp dport 81 notrack; }; }')
  await expect(inPod.ask('tcp', world, 81, { patienceMs: 300 })).rejects.toMatchObject({ code: 'ETIMEDOUT' })
  expect(await beyond.run('nft', 'list counter ip seen strange')).toContain('packets 0 ')
})
