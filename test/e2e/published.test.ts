import { createSocket } from 'node:dgram'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { ClusterDescription } from '../../src/cli/status.ts'
import { eventually, freePort, run, TestCluster } from '../test-cluster.ts'

/** Services reached from the machine's own shell. Steps build on one another. */

let cluster: TestCluster
let port: number
let httpPort: number
let httpsPort: number
beforeAll(async () => {
  cluster = await TestCluster.named(`e2e-published-${process.pid}`)
  port = await freePort()
  httpPort = await freePort()
  httpsPort = await freePort()
  await cluster.up('--publish', `ingress=${httpPort}:80,${httpsPort}:443`, '--publish', `service/early=${port}:80`)
  await cluster.kubectl('create', '-f', 'test/e2e/published.yaml')
  await cluster.kubectl('wait', '--for=condition=Ready', 'pod', '--all', '--timeout=60s')
})
afterAll(() => cluster?.[Symbol.asyncDispose]())

const status = async () => JSON.parse((await cluster.portolan('status', '--json')).stdout) as ClusterDescription

async function answer(): Promise<string> {
  return (await fetch(`http://127.0.0.1:${port}/`, { headers: { connection: 'close' } })).text()
}

const ingressPublished = () => [
  { hostPort: httpPort, protocol: 'TCP', ingressPort: 80 },
  { hostPort: httpsPort, protocol: 'TCP', ingressPort: 443 },
]

const answers = () => eventually('an answer', async () => (await answer()).startsWith("You've hit web-"))

/** What the pod tells that it was told of its client, as it sees it: the headers by which proxies tell. */
async function heardByIngress(scheme: 'http' | 'https', publishedPort: number): Promise<unknown> {
  const address = `${scheme}://headers.example:${publishedPort}/`
  const words = ['-sk', '--max-time', '5', '--resolve', `headers.example:${publishedPort}:127.0.0.1`]
  const { code, stdout } = await run('curl', [...words, '-H', 'X-Forwarded-For: 192.0.2.1', address])
  return code === 0 && stdout.startsWith('{') ? JSON.parse(stdout) : undefined
}

test('the ingress answers at the ports that up was told of, and tells pods the true client', async () => {
  for (const [scheme, published] of [['http', httpPort], ['https', httpsPort]] as const) {
    const heard = await eventually('an answer by the ingress', () => heardByIngress(scheme, published))
    expect(heard).toEqual({ client: '127.0.0.1', scheme, port: String(published) })
  }
  expect((await cluster.portolan('status')).stdout).toContain(`\n  127.0.0.1:${httpPort} leads to port 80 of the ingress\n`)
})

test('a Service that does not exist yet can have a port, which it no longer has when that is closed', async () => {
  expect((await status()).published).toContainEqual({ hostPort: port, protocol: 'TCP', namespace: 'default', service: 'early', port: 80 })
  await expect(answer()).rejects.toThrow('fetch failed')
  await cluster.portolan('unpublish', 'service/early')
})

test('every pod of a published Service answers on 127.0.0.1', async () => {
  await cluster.portolan('publish', 'service/web', `${port}:80`)
  const heard = await Promise.all(Array.from({ length: 40 }, answer))
  expect(new Set(heard)).toEqual(new Set(["You've hit web-1\n", "You've hit web-2\n"]))
  expect((await status()).published).toEqual([
    ...ingressPublished(),
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
    [[], 'portolan: say what: give a Service as service/NAME, or --ingress\n'],
    [['--ingress', '8080:81'], 'portolan: the ingress has no port 81 for TCP: give HOST:80 or HOST:443, such as 8080:80\n'],
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
  await eventually('an answer by the ingress', () => heardByIngress('http', httpPort))
})

test('until it is published no longer', async () => {
  await cluster.portolan('unpublish', 'service/web')
  await eventually('a refusal', () => answer().then(() => false, () => true))
  await cluster.portolan('unpublish', '--ingress')
  await eventually('a refusal', async () => (await run('curl', ['-s', `http://127.0.0.1:${httpPort}/`])).code === 7)
  expect((await status()).published).toEqual([expect.objectContaining({ service: 'echo' })])
})

test('up opens a port of a cluster that runs already', async () => {
  const { stdout } = await cluster.up('--publish', `service/web=${port}:80`)
  expect(stdout).toContain(`\n  127.0.0.1:${port} leads to port 80 of service/web in namespace default\n`)
  await answers()
})
