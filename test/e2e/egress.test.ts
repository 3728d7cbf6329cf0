import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { ClusterDescription } from '../../src/cli/status.ts'
import { startTestRegistry } from '../../src/node/images/test-registry.ts'
import { eventually, type Output, TestCluster } from '../test-cluster.ts'
import { internetAddress, MachineWithInternet } from '../machine-with-internet.ts'

/**
 * The way out of a cluster, on a machine whose resolver listens on its loopback, and which has no way out itself at first.
 * The internet behind it has all addresses of the cluster, too. Steps build on one another.
 */
const ranges = ['10.96.0.0/13', '10.108.0.0/16', '192.168.99.0/24', '203.0.113.0/24', '169.254.169.254/32']

let stack: AsyncDisposableStack
let machine: MachineWithInternet
let cluster: TestCluster
beforeAll(async () => {
  stack = new AsyncDisposableStack()
  machine = stack.use(await MachineWithInternet.create({ resolver: '127.0.0.1', alsoAt: ranges }))
  cluster = stack.use(await TestCluster.named(`e2e-egress-${process.pid}`, undefined, machine.inside))
  cluster.environment['HTTP_PROXY'] = 'http://proxy.example:3128'
})
afterAll(() => stack?.disposeAsync())

const up = (...options: string[]) => cluster.portolan('up', '--api-port', String(cluster.apiPort), ...options)
const status = async () => JSON.parse((await cluster.portolan('status', '--json')).stdout) as ClusterDescription
const untilOn = () => eventually('a way out', async () => (await status()).egress.state === 'on')

function curl(pod: string, url: string): Promise<Output> {
  return cluster.tryKubectl('exec', pod, '--', 'curl', '-sS', '--max-time', '10', url)
}

const heardOut = () => eventually('an answer from the internet', async () => (await curl('web', 'http://internet.example/')).code === 0)

test('a cluster starts on a machine that has no way out itself, and says so', async () => {
  await up()
  await cluster.kubectl('create', '-f', 'test/e2e/egress.yaml')
  await cluster.kubectl('wait', '--for=condition=Ready', 'pod', '--all', '--timeout=60s')
  await eventually('a problem', async () => (await status()).egress.state === 'broken')
  expect((await cluster.portolan('status')).stdout).toMatch(/^ {2}egress: broken: .*interface.*; it is tried again every few seconds$/m)
  expect(await curl('web', `http://${internetAddress}/`)).toMatchObject({ code: 7 })
})

test('pods reach the internet by name as soon as the machine does, with its address', async () => {
  await machine.plugIn()
  await untilOn()
  await heardOut()
  for (const pod of ['web', 'plain']) {
    expect(await curl(pod, 'http://internet.example/')).toMatchObject({ code: 0, stdout: `the internet hears ${machine.address}\n` })
  }
})

test('what belongs to the cluster never leaves it, and the machine’s own is not reached', async () => {
  // The internet does answer there.
  const outside = await cluster.run('curl', '-sS', '--max-time', '10', '--noproxy', '*', 'http://10.108.77.7/')
  expect(outside.stdout).toBe(`the internet hears ${machine.address}\n`)
  const addresses = ['10.108.77.7', '10.103.99.99', '192.168.99.77', '203.0.113.200', '169.254.169.254', '169.254.77.1']
  const codes = await Promise.all(addresses.map(async (address) => [address, (await curl('web', `http://${address}/`)).code]))
  expect(codes).toEqual(addresses.map((address) => [address, 7]))
})

test('an image is pulled by way of the proxy that the environment names', async () => {
  const registry = 'registry.invalid:5000'
  const settings = join(cluster.home, 'registries', registry)
  await mkdir(settings, { recursive: true })
  await writeFile(join(settings, 'hosts.toml'), `server = "http://${registry}"\n[host."http://${registry}"]\n`)
  const inside = machine.insideInternet
  stack.use(await startTestRegistry({ directory: join(cluster.home, 'registry'), address: internetAddress, port: 5000, inside }))
  await cluster.kubectl('run', 'pulled', `--image=${registry}/free/web:1`)
  await cluster.kubectl('wait', '--for=condition=Ready', 'pod', 'pulled', '--timeout=60s')
  expect(await cluster.words('events', '{.items[?(@.reason=="Pulled")].message}')).toContain(`"${registry}/free/web:1"`)
})

test('a way out that dies is there again', async () => {
  const egressPid = async () => (await status()).processes.find(({ name }) => name === 'egress')?.pid
  const first = await egressPid()
  process.kill(first ?? 0, 'SIGKILL')
  await eventually('another', async () => ![undefined, first].includes(await egressPid()))
  await untilOn()
  expect((await cluster.portolan('status')).stdout).toMatch(/^ {2}egress {4}ready +pid \d+, \d+ restarts, ended last by SIGKILL$/m)
  await heardOut()
})

test('one that a dead supervisor has left behind is replaced', async () => {
  const { supervisorPid, processes } = await status()
  const left = processes.find(({ name }) => name === 'egress')?.pid
  process.kill(supervisorPid, 'SIGKILL')
  await up()
  await untilOn()
  expect((await status()).processes.find(({ name }) => name === 'egress')?.pid).not.toBe(left)
  await heardOut()
})

test('without egress there is none', async () => {
  await cluster.portolan('down')
  await up('--no-egress')
  await cluster.kubectl('wait', '--for=condition=Ready', 'pod', 'web', '--timeout=60s')
  expect((await status()).egress).toEqual({ state: 'off' })
  for (const host of [internetAddress, 'internet.example']) {
    expect(await curl('web', `http://${host}/`)).toMatchObject({ code: host === internetAddress ? 7 : 6 })
  }
})

test('what was switched off is off until it is asked for', async () => {
  await cluster.portolan('down')
  await up()
  expect((await status()).egress).toEqual({ state: 'off' })
  await cluster.portolan('down')
  await up('--egress')
  await untilOn()
  await cluster.kubectl('wait', '--for=condition=Ready', 'pod', 'web', '--timeout=60s')
  await heardOut()
})
