import { createSocket } from 'node:dgram'
import { createServer, type AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { ClusterDescription } from '../../src/cli/status.ts'
import { eventually, TestCluster } from '../test-cluster.ts'

/** Services reached from the machine's own shell. Steps build on one another. */

let cluster: TestCluster
let port: number
beforeAll(async () => {
  cluster = await TestCluster.named(`e2e-published-${process.pid}`)
  await cluster.up()
  await cluster.kubectl('create', '-f', 'test/e2e/published.yaml')
  await cluster.kubectl('wait', '--for=condition=Ready', 'pod', '--all', '--timeout=60s')
  port = await freePort()
})
afterAll(() => cluster?.[Symbol.asyncDispose]())

const status = async () => JSON.parse((await cluster.portolan('status', '--json')).stdout) as ClusterDescription

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  const { port: free } = server.address() as AddressInfo
  await new Promise((closed) => server.close(closed))
  return free
}

async function answer(): Promise<string> {
  return (await fetch(`http://127.0.0.1:${port}/`, { headers: { connection: 'close' } })).text()
}

const answers = () => eventually('an answer', async () => (await answer()).startsWith("You've hit web-"))

test('every pod of a published Service answers on 127.0.0.1', async () => {
  await cluster.portolan('publish', 'service/web', `${port}:80`)
  const heard = await Promise.all(Array.from({ length: 40 }, answer))
  expect(new Set(heard)).toEqual(new Set(["You've hit web-1\n", "You've hit web-2\n"]))
  expect((await status()).published).toEqual([
    { hostPort: port, protocol: 'TCP', namespace: 'default', service: 'web', port: 80 },
  ])
})

test('datagrams come and go', async () => {
  const udpPort = await freePort()
  await cluster.portolan('publish', 'svc/echo', `${udpPort}:53/udp`)
  const socket = createSocket('udp4')
  const heard = Promise.withResolvers<string>()
  socket.on('message', (text) => heard.resolve(String(text)))
  socket.send('ping', udpPort, '127.0.0.1')
  expect(await heard.promise).toBe('heard ping')
  socket.close()
})

test('what cannot be published is refused in one sentence', async () => {
  for (const [words, sentence] of [
    [['service/none'], 'portolan: there is no service "none" in namespace default\n'],
    [['service/web', '81'], 'portolan: service/web has no port 81 for TCP: choose one of 80\n'],
    [['pod/web-1'], 'portolan: "pod/web-1" cannot be published: give a Service as service/NAME\n'],
  ] as const) {
    expect(await cluster.tryPortolan('publish', ...words)).toMatchObject({ code: 1, stderr: sentence })
  }
  const { code, stderr } = await cluster.tryPortolan('publish', 'service/web', `${cluster.apiPort}:80`)
  expect({ code, stderr }).toMatchObject({ code: 1, stderr: expect.stringContaining(`127.0.0.1:${cluster.apiPort} is in use by`) })
})

test('it stays published when the edge dies, and when the cluster was down', async () => {
  const { processes } = await status()
  process.kill(processes.find(({ name }) => name === 'edge')?.pid ?? 0, 'SIGKILL')
  await answers()
  await cluster.portolan('down')
  await expect(answer()).rejects.toThrow('fetch failed')
  await cluster.up()
  await answers()
})

test('until it is published no longer', async () => {
  await cluster.portolan('unpublish', 'service/web')
  await eventually('a refusal', () => answer().then(() => false, () => true))
  expect((await status()).published.map(({ service }) => service)).toEqual(['echo'])
})
