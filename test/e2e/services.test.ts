import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { eventually, run, TestCluster } from '../test-cluster.ts'

/** What a Service can say, on a live cluster of two nodes, asked from pods, from nodes and from outside. */

const manifest = 'test/e2e/services.yaml'
const nodeAddresses = ['192.168.99.11', '192.168.99.12'] as const
/** The pods by node: two on the first, one on the second. */
const pods = { 'node-1': ['here-1', 'here-2'], 'node-2': ['there'] } as const
const allPods = ['here-1', 'here-2', 'there']
/** So many that a pod of three is left out by chance once in 10¹⁰ runs. */
const manyRequests = 60

let cluster: TestCluster
beforeAll(async () => {
  cluster = await TestCluster.named(`e2e-services-${process.pid}`)
  await cluster.up('--nodes', '2')
  await cluster.kubectl('create', '-f', manifest)
  await cluster.kubectl('wait', '--for=condition=Ready', 'pod', '-l', 'app=web', '--timeout=60s')
  await eventually('all endpoints', async () => (await cluster.words('endpoints/web', '{.subsets[*].addresses[*].ip}')).length === 3)
})
afterAll(() => cluster?.[Symbol.asyncDispose]())

/** Where a command runs. */
type Place = 'outside' | 'node-1' | 'node-2' | 'pod'

async function at(place: Place, ...command: string[]): Promise<string> {
  if (place === 'pod') return cluster.kubectl('exec', 'there', '--', ...command)
  const words = place === 'outside' ? ['client'] : ['node', 'exec', place]
  return (await cluster.portolan(...words, '--', ...command)).stdout
}

/** Who answered a number of requests, each over a connection of its own. */
async function whoAnswers(place: Place, url: string, requests = manyRequests): Promise<string[]> {
  const loop = `for i in $(seq ${requests}); do curl -sS --max-time 5 ${url} || exit 1; done`
  const lines = (await at(place, 'bash', '-c', loop)).trim().split('\n')
  return [...new Set(lines.map((line) => line.replace("You've hit ", '')))].sort()
}

/** curl's exit code: 7 for a connection that was refused, 28 for one that nobody answered. */
async function curlExit(place: Place, url: string): Promise<string> {
  return (await at(place, 'bash', '-c', `curl -s --max-time 2 ${url} >/dev/null; echo $?`)).trim()
}

const clusterIP = async (service: string) => (await cluster.words(`service/${service}`, '{.spec.clusterIP}'))[0] ?? ''
const patch = (service: string, spec: object) => cluster.kubectl('patch', 'service', service, '-p', JSON.stringify({ spec }))

describe('a node port', () => {
  test('is answered on every node, by pods of any', async () => {
    for (const address of nodeAddresses) {
      expect(await whoAnswers('outside', `http://${address}:30123`)).toEqual(allPods)
    }
    expect(await whoAnswers('node-1', `http://${nodeAddresses[1]}:30123`)).toEqual(allPods)
    expect(await whoAnswers('pod', `http://${nodeAddresses[0]}:30123`)).toEqual(allPods)
  })

  test('with externalTrafficPolicy Local never leaves its node, but for its own pods', async () => {
    await patch('web', { externalTrafficPolicy: 'Local' })
    for (const [index, address] of nodeAddresses.entries()) {
      const own = index === 0 ? [...pods['node-1']] : [...pods['node-2']]
      await eventually('only its own pods', async () => (await whoAnswers('outside', `http://${address}:30123`)).join() === own.join())
    }
    // The pod is on the second node.
    expect(await whoAnswers('pod', `http://${nodeAddresses[0]}:30123`)).toEqual([...pods['node-1']])
    expect(await whoAnswers('pod', `http://${nodeAddresses[1]}:30123`)).toEqual(allPods)
    await patch('web', { selector: { app: 'web', node: 'second' } })
    await eventually('silence where no pod is', async () => (await curlExit('outside', `http://${nodeAddresses[0]}:30123`)) === '28')
    expect(await whoAnswers('outside', `http://${nodeAddresses[1]}:30123`, 5)).toEqual(['there'])
    await patch('web', { selector: { app: 'web', node: 'none' } })
    await eventually('a refusal where no pod is at all', async () => (await curlExit('outside', `http://${nodeAddresses[0]}:30123`)) === '7')
    await patch('web', { selector: { app: 'web', node: null }, externalTrafficPolicy: 'Cluster' })
    await eventually('all pods again', async () => (await whoAnswers('outside', `http://${nodeAddresses[0]}:30123`)).join() === allPods.join())
  })
})

describe('affinity', () => {
  test('leads each client to one pod, and can be switched on and off', async () => {
    await patch('web', { sessionAffinity: 'ClientIP' })
    await eventually('one pod', async () => (await whoAnswers('pod', `http://${await clusterIP('web')}`)).length === 1)
    await eventually('one pod', async () => (await whoAnswers('outside', `http://${nodeAddresses[0]}:30123`)).length === 1)
    await patch('web', { sessionAffinity: 'None' })
    await eventually('all pods', async () => (await whoAnswers('pod', `http://${await clusterIP('web')}`)).join() === allPods.join())
  })

  test('outlives the agent', async () => {
    await patch('web', { sessionAffinity: 'ClientIP' })
    const url = `http://${await clusterIP('web')}`
    await eventually('one pod', async () => (await whoAnswers('node-1', url)).length === 1)
    const before = await whoAnswers('node-1', url, 5)
    const { processes } = JSON.parse((await cluster.portolan('status', '--json')).stdout) as { processes: { name: string; pid: number }[] }
    const agent = processes.find(({ name }) => name === 'node-1')
    process.kill(agent?.pid ?? 0, 'SIGKILL')
    expect(await whoAnswers('node-1', url, 20)).toEqual(before)
    await eventually('another agent', async () => {
      const { processes: now } = JSON.parse((await cluster.portolan('status', '--json')).stdout) as { processes: { name: string; pid: number }[] }
      return now.find(({ name }) => name === 'node-1')?.pid !== agent?.pid
    })
    expect(await whoAnswers('node-1', url, 20)).toEqual(before)
    await patch('web', { sessionAffinity: 'None' })
    // The new agent follows what changes.
    await eventually('all pods', async () => (await whoAnswers('node-1', url)).join() === allPods.join())
  })
})

test('internalTrafficPolicy Local keeps a cluster IP on the node of the client', async () => {
  await patch('web', { internalTrafficPolicy: 'Local' })
  const url = `http://${await clusterIP('web')}`
  await eventually('only own pods', async () => (await whoAnswers('node-1', url)).join() === pods['node-1'].join())
  expect(await whoAnswers('pod', url, 10)).toEqual(['there'])
  await patch('web', { internalTrafficPolicy: 'Cluster' })
  await eventually('all pods', async () => (await whoAnswers('node-1', url)).join() === allPods.join())
})

test('trafficDistribution PreferSameNode keeps it there as long as there is a pod', async () => {
  await patch('web', { trafficDistribution: 'PreferSameNode' })
  const url = `http://${await clusterIP('web')}`
  await eventually('only own pods', async () => (await whoAnswers('node-1', url)).join() === pods['node-1'].join())
  await patch('web', { selector: { app: 'web', node: 'second' } })
  await eventually('the other node’s pod', async () => (await whoAnswers('node-1', url, 10)).join() === 'there')
  await patch('web', { trafficDistribution: null, selector: { app: 'web', node: null } })
  await eventually('all pods', async () => (await whoAnswers('node-1', url)).join() === allPods.join())
})

test('a load balancer is told which nodes have pods', async () => {
  await cluster.kubectl('expose', 'pod', 'there', '--type=LoadBalancer', '--name=balanced', '--port=80', '--target-port=8080')
  await patch('balanced', { externalTrafficPolicy: 'Local' })
  const [port] = await cluster.words('service/balanced', '{.spec.healthCheckNodePort}')
  const health = (address: string) => at('outside', 'curl', '-s', '--max-time', '2', '-w', ' %{http_code}', `http://${address}:${port}`)
  await eventually('one endpoint', async () => /"localEndpoints": 1[^]* 200$/.test(await health(nodeAddresses[1])))
  await eventually('no endpoint', async () => /"localEndpoints": 0[^]* 503$/.test(await health(nodeAddresses[0])))
  await cluster.kubectl('delete', 'service', 'balanced')
  await eventually('no server', async () => (await curlExit('outside', `http://${nodeAddresses[1]}:${port}`)) === '7')
})

test('a node port that is in use, or out of range, is refused in Kubernetes’ words', async () => {
  const create = (port: number) => cluster.tryKubectl('create', 'service', 'nodeport', 'second', '--tcp=80:8080', `--node-port=${port}`)
  expect((await create(30_123)).stderr).toContain('spec.ports[0].nodePort: Invalid value: 30123: provided port is already allocated')
  expect((await create(80)).stderr).toMatch(/provided port is not in the valid range. The range of valid ports is 30000-32767/)
})

describe('the proxy by itself', () => {
  let proxy: ChildProcess | undefined
  afterAll(async () => {
    if (proxy === undefined || proxy.exitCode !== null) return
    const ended = once(proxy, 'exit')
    proxy.kill('SIGTERM')
    await ended
  })

  test('serves cluster IPs in a namespace that is no node of ours, and leaves its rules', async () => {
    const ip = await clusterIP('web')
    expect(await curlExit('outside', `http://${ip}`)).not.toBe('0')
    const kubeconfig = join(cluster.home, 'inside.kubeconfig')
    const own = await readFile(String(cluster.environment['KUBECONFIG']), 'utf8')
    await writeFile(kubeconfig, own.replace(/server: .*/, 'server: https://192.168.99.1:6443'))
    const options = ['--kubeconfig', kubeconfig, '--node', 'node-1', '--cluster-cidr', '10.108.0.0/16']
    proxy = spawn('./portolan', ['client', '--name', cluster.name, '--', './portolan', 'proxy', ...options], { env: cluster.environment, stdio: 'ignore' })
    await eventually('an answer', async () => (await curlExit('outside', `http://${ip}`)) === '0')
    expect(await whoAnswers('outside', `http://${ip}`)).toEqual(allPods)
    const ended = once(proxy, 'exit')
    proxy.kill('SIGTERM')
    await ended
    expect(await whoAnswers('outside', `http://${ip}`)).toEqual(allPods)
    await at('outside', './portolan', 'proxy', '--cleanup')
    expect(await curlExit('outside', `http://${ip}`)).not.toBe('0')
  })

  test('says what is wrong with its options', async () => {
    const { code, stderr } = await run('./portolan', ['proxy', '--node', 'node-1'], cluster.environment)
    expect(code).not.toBe(0)
    expect(stderr).toContain('--kubeconfig FILE')
  })
})
