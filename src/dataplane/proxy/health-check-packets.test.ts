import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { HealthCheckServers, ProxyHealth } from './health-check-servers.ts'
import { service, slice } from './test-objects.ts'
import { addresses, TestCluster, type NodeName } from './test-cluster-network.ts'
import { endpoint } from './test-web-service.ts'

/** Prints what comes back, as a load balancer would see it. */
const program = `
  const response = await fetch(process.argv[1], { signal: AbortSignal.timeout(5000) })
  const { status, headers } = response
  const weight = headers.get('x-load-balancing-endpoint-weight')
  console.log(JSON.stringify({ status, weight, type: headers.get('content-type'), body: await response.json() }))
`
const nodeNames = ['node-1', 'node-2'] as const

let cluster: TestCluster
const processes: ChildProcess[] = []
const troubles: object[] = []

beforeAll(async () => {
  cluster = await TestCluster.start()
  for (const name of nodeNames) await cluster.restartProxy(name, { healthChecks: await serversOn(name) })
}, 60_000)

afterAll(async () => {
  await cluster[Symbol.asyncDispose]()
  await Promise.all(processes.map(end))
})

async function serversOn(name: NodeName): Promise<Pick<HealthCheckServers, 'set'>> {
  const file = fileURLToPath(new URL('test-health-check-program.ts', import.meta.url))
  const child = spawn('nsenter', [`--net=${cluster.namespace(name).path}`, '--', process.execPath, file], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  processes.push(child)
  await once(child, 'message')
  child.on('message', (trouble: object) => troubles.push(trouble))
  return { set: (health: ProxyHealth) => child.send(health) }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return
  const exit = once(child, 'exit')
  child.disconnect()
  await exit
}

/** What the edge is told by a node, or why it is not. */
async function asked(name: NodeName, port: number): Promise<unknown> {
  try {
    const url = `http://${addresses[name]}:${port}/healthz`
    return JSON.parse(await cluster.edge.run(process.execPath, '--input-type=module', '-e', program, url))
  } catch (error) {
    return /ECONNREFUSED/.exec(String(error))?.[0] ?? error
  }
}

function balanced(name: string, healthCheckNodePort: number) {
  const clusterIP = `10.96.0.${healthCheckNodePort % 100}`
  return service(name, { type: 'LoadBalancer', clusterIP, externalTrafficPolicy: 'Local', healthCheckNodePort })
}

function answer(name: string, localEndpoints: number) {
  return {
    status: localEndpoints > 0 ? 200 : 503,
    weight: String(localEndpoints),
    type: 'application/json',
    body: { service: { namespace: 'default', name }, localEndpoints, serviceProxyHealthy: true },
  }
}

test('a load balancer learns which nodes have ready endpoints, and follows them', async () => {
  const ending = endpoint('c', { conditions: { ready: false, serving: true, terminating: true } })
  await cluster.put({ services: [balanced('web', 32_001)], slices: [slice('web', [endpoint('a'), endpoint('c')])] })
  await expect.poll(() => asked('node-1', 32_001), { timeout: 15_000 }).toEqual(answer('web', 2))
  expect(await asked('node-2', 32_001)).toEqual(answer('web', 0))
  await cluster.put({ slices: [slice('web', [endpoint('b'), ending])] })
  await expect.poll(() => asked('node-1', 32_001), { timeout: 15_000 }).toEqual(answer('web', 0))
  await expect.poll(() => asked('node-2', 32_001), { timeout: 15_000 }).toEqual(answer('web', 1))
})

test('is told nothing any more when the Service goes, or gives its policy up', async () => {
  const [gone, changed] = [balanced('gone', 32_002), balanced('changed', 32_003)]
  await cluster.put({ services: [gone, changed], slices: [slice('gone', [endpoint('a')]), slice('changed', [endpoint('a')])] })
  await expect.poll(() => asked('node-1', 32_002), { timeout: 15_000 }).toEqual(answer('gone', 1))
  await expect.poll(() => asked('node-1', 32_003), { timeout: 15_000 }).toEqual(answer('changed', 1))
  cluster.services.remove('default/gone')
  await cluster.put({ services: [{ ...changed, spec: { ...changed.spec, externalTrafficPolicy: 'Cluster' } }] })
  await expect.poll(() => asked('node-1', 32_002), { timeout: 15_000 }).toBe('ECONNREFUSED')
  await expect.poll(() => asked('node-1', 32_003), { timeout: 15_000 }).toBe('ECONNREFUSED')
})

test('a port that is taken is reported and taken when it is free; others are not affected', async () => {
  const holder = await hold('node-1', 32_004)
  const taken = balanced('taken', 32_004)
  await cluster.put({
    services: [taken, balanced('free', 32_005)],
    slices: [slice('taken', [endpoint('a')]), slice('free', [endpoint('a')])],
  })
  await expect.poll(() => asked('node-1', 32_005), { timeout: 15_000 }).toEqual(answer('free', 1))
  await expect.poll(() => troubles).toEqual([
    { service: 'default/taken', port: 32_004, message: 'no server for the health checks of a Service' },
  ])
  expect(await asked('node-2', 32_004)).toEqual(answer('taken', 0))
  await end(holder)
  await cluster.put({ services: [taken] })
  await expect.poll(() => asked('node-1', 32_004), { timeout: 15_000 }).toEqual(answer('taken', 1))
})

/** A process of somebody else on the node that listens there. */
async function hold(name: NodeName, port: number): Promise<ChildProcess> {
  const program = `require('node:net').createServer().listen(${port}, () => process.send('ready')); process.on('disconnect', () => process.exit())`
  const child = spawn('nsenter', [`--net=${cluster.namespace(name).path}`, '--', process.execPath, '--eval', program], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  processes.push(child)
  await once(child, 'message')
  return child
}
