import { X509Certificate } from 'node:crypto'
import { copyFile, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { eventually, TestCluster } from '../test-cluster.ts'
import { TestMachine } from '../test-machine.ts'

/** Machines that have joined a cluster whose certificates are good for a minute: one runs on, the other is switched off. Steps build on one another. */

let cluster: TestCluster
let stack: AsyncDisposableStack
let busy: TestMachine
let idle: TestMachine
beforeAll(async () => {
  stack = new AsyncDisposableStack()
  cluster = stack.use(await TestCluster.named(`e2e-renewal-${process.pid}`))
  await cluster.up('--cluster-signing-duration', '1m')
  busy = await machineAt('192.168.99.200', 'busy')
  idle = await machineAt('192.168.99.201', 'idle')
})
afterAll(() => stack?.disposeAsync())

async function machineAt(address: string, name: string): Promise<TestMachine> {
  const machine = stack.use(await TestMachine.attachedTo(cluster, address))
  stack.defer(async () => {
    await machine.stopAgent()
    await machine.portolan('agent', '--cleanup', '--node', name)
  })
  return machine
}

async function joining(name: string): Promise<string[]> {
  const { server, token, caHash } = JSON.parse((await cluster.portolan('node', 'token', 'create', '--json')).stdout) as Record<string, string>
  return ['--server', server ?? '', '--token', token ?? '', '--ca-hash', caHash ?? '', '--node', name]
}

const isReady = (machine: TestMachine, name: string) => eventually(`${name} is ready\n${machine.said}`, async () => machine.said.includes(`${name} is ready`))
const pki = (machine: TestMachine, name: string) => join(machine.state, name, 'pki')
const certificate = async (file: string) => new X509Certificate(await readFile(file, 'utf8'))
const kinds = ['client', 'dns', 'serving']

test('two machines join, and get certificates for a minute', async () => {
  busy.startAgent(...(await joining('busy')))
  idle.startAgent(...(await joining('idle')))
  await Promise.all([isReady(busy, 'busy'), isReady(idle, 'idle')])
  for (const kind of kinds) {
    const { validFromDate, validToDate } = await certificate(join(pki(busy, 'busy'), `${kind}.crt`))
    expect(validToDate.getTime() - validFromDate.getTime()).toBeLessThan(70_000)
  }
  expect(await idle.stopAgent()).toBe(0)
})

describe('the one that runs', () => {
  /** When it became ready, and what its pod runs. */
  const course = () => cluster.words('node/busy', '{.status.conditions[?(@.type=="Ready")].status} {.status.conditions[?(@.type=="Ready")].lastTransitionTime}')
  const container = () => cluster.words('pod/first', '{.status.containerStatuses[0].containerID} {.status.containerStatuses[0].restartCount}')
  let before: string[][]
  const first = (kind: string, part: 'crt' | 'key') => join(busy.home, `first-${kind}.${part}`)
  beforeAll(async () => {
    await createPod('first', 'busy')
    before = [await course(), await container()]
    for (const kind of kinds) for (const part of ['crt', 'key'] as const) await copyFile(join(pki(busy, 'busy'), `${kind}.${part}`), first(kind, part))
  })

  test('has others before the first are over, while it and its pods go on', async () => {
    const old = await Promise.all(kinds.map((kind) => certificate(first(kind, 'crt'))))
    await eventually('the first are over', async () => old.every(({ validToDate }) => validToDate.getTime() < Date.now()), 90_000)
    for (const [index, kind] of kinds.entries()) {
      const present = await certificate(join(pki(busy, 'busy'), `${kind}.crt`))
      expect(present.validFromDate.getTime()).toBeLessThan(old[index]?.validToDate.getTime() ?? 0)
      expect(present.validToDate.getTime()).toBeGreaterThan(Date.now())
      expect(present.publicKey.equals(old[index]?.publicKey ?? present.publicKey)).toBe(false)
    }
    expect([await course(), await container()]).toEqual(before)
  })

  test('is known by the new ones: it takes pods, names and Services, and serves what is asked of it', async () => {
    await createPod('second', 'busy')
    await cluster.kubectl('expose', 'pod', 'second', '--port=80', '--target-port=8080')
    expect(await eventually('an answer', async () => (await cluster.kubectl('exec', 'first', '--', 'curl', '-s', '--max-time', '2', 'http://second')).trim(), 20_000)).toBe("You've hit second")
    expect(await cluster.kubectl('logs', 'second')).toContain('Kubia server starting')
  })

  test('is not known by the old one', async () => {
    const server = ['--kubeconfig', '/dev/null', '--server', `https://127.0.0.1:${cluster.apiPort}`, '--certificate-authority', join(pki(busy, 'busy'), 'ca.crt')]
    const asking = (cert: string, key: string) => cluster.tryKubectl(...server, '--client-certificate', cert, '--client-key', key, 'get', 'node', 'busy')
    expect((await asking(first('client', 'crt'), first('client', 'key'))).stderr).toContain('You must be logged in to the server')
    expect((await asking(join(pki(busy, 'busy'), 'client.crt'), join(pki(busy, 'busy'), 'client.key'))).code).toBe(0)
  })
})

describe('the one that was off', () => {
  test('is told that its time is over, and what to do', async () => {
    const { validToDate } = await certificate(join(pki(idle, 'idle'), 'client.crt'))
    await eventually('its certificate is over', async () => validToDate.getTime() < Date.now(), 90_000)
    const { code, stderr } = await idle.portolan('agent', '--server', 'https://192.168.99.1:6443', '--node', 'idle')
    expect([code, stderr]).toEqual([
      1,
      `portolan: the certificate of idle expired at ${validToDate.toISOString()}, and its agent was not there to renew it: kubectl delete node idle on the cluster's machine, and start the agent again with the --token and --ca-hash that ./portolan node token create prints there\n`,
    ])
  })

  test('joins anew by doing so', async () => {
    expect((await idle.portolan('agent', ...(await joining('idle')))).stderr).toContain('there is a node idle already')
    await cluster.kubectl('delete', 'node', 'idle')
    idle.startAgent(...(await joining('idle')))
    await isReady(idle, 'idle')
    await cluster.kubectl('wait', '--for=condition=Ready', 'node/idle', '--timeout=30s')
  })
})

async function createPod(name: string, node: string): Promise<void> {
  const spec = { nodeName: node, terminationGracePeriodSeconds: 0, containers: [{ name: 'web', image: 'luksa/kubia' }] }
  const file = join(cluster.home, 'pod.json')
  await writeFile(file, JSON.stringify({ apiVersion: 'v1', kind: 'Pod', metadata: { name, labels: { app: name } }, spec }))
  await cluster.kubectl('create', '-f', file)
  await cluster.kubectl('wait', '--for=condition=Ready', `pod/${name}`, '--timeout=60s')
}
