import { once } from 'node:events'
import { createHash, randomBytes } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import { get } from 'node:https'
import { connect as connectTcp, createServer, type AddressInfo, type Socket } from 'node:net'
import { dirname } from 'node:path'
import { text } from 'node:stream/consumers'
import { connect, type TLSSocket } from 'node:tls'
import { describe, expect, test } from 'vitest'
import { silentLog } from '../../base/log.ts'
import { systemClock } from '../../base/clock.ts'
import { LiveCache } from '../../client/live-cache.ts'
import { keyOf } from '../../api/object.ts'
import { throwawayPki } from '../../client/throwaway-pki.ts'
import type { Pod } from '../../api/kinds/pod.ts'
import { FakeRuntime } from '../cri/fake-runtime.ts'
import { containerAnnotations, containerLabels } from '../pods/labels.ts'
import { RuntimeView } from '../pods/runtime-view.ts'
import { sandboxConfig } from '../pods/sandbox-config.ts'
import { nodePaths } from '../pods/paths.ts'
import { scratchDirectory, testPod } from '../pods/test-pods.ts'
import { containerConfig } from '../pods/container-config.ts'
import { serveKubeletApi } from './server.ts'

const pki = await throwawayPki('CN=kube-apiserver, O=system:masters')
const nodePki = await throwawayPki('CN=system:node:node-2, O=system:nodes')

describe('plain requests', () => {
  for (const { path, status, body } of [
    { path: '/healthz', status: 200, body: 'ok' },
    { path: '/containerLogs/default/web/app', status: 200, body: 'hello\n' },
    { path: '/containerLogs/default/web/app?tailLines=0', status: 200, body: '' },
    { path: '/containerLogs/default/web/app?tailLines=x', status: 400, body: 'tailLines: Invalid value: "x": must be a number not less than 0\n' },
    { path: '/containerLogs/default/none/app', status: 404, body: 'pod "none" not found\n' },
    { path: '/containerLogs/default/web/none', status: 404, body: 'container "none" not found in pod "web"\n' },
    {
      path: '/containerLogs/default/web/app?previous=true',
      status: 400,
      body: 'previous terminated container "app" in pod "web" not found\n',
    },
    { path: '/exec/default/web/app?command=ls&output=1', status: 400, body: 'Upgrade request required\n' },
    { path: '/other', status: 404, body: '404 page not found\n' },
    { path: '/containerLogs/default/%/app', status: 400, body: 'malformed path: /containerLogs/default/%/app\n' },
  ]) {
    test(`GET ${path}`, async () => {
      await using api = await testApi()
      expect(await api.get(path)).toEqual({ status, body })
    })
  }

  test('GET /pods lists the node’s pods', async () => {
    await using api = await testApi()
    const { body } = await api.get('/pods')
    expect(JSON.parse(body)).toMatchObject({ kind: 'PodList', items: [{ metadata: { name: 'web' } }] })
  })

  test('a container that has not begun says what it waits for', async () => {
    const status = { containerStatuses: [{ ...waiting, state: { waiting: { reason: 'ImagePullBackOff', message: 'Back-off pulling' } } }] }
    await using api = await testApi({ pod: testPod({ status }), started: false })
    const { body } = await api.get('/containerLogs/default/web/app')
    expect(body).toBe('container "app" in pod "web" is waiting to start: Back-off pulling\n')
  })
})

test('without a certificate of the authority nobody is heard', async () => {
  await using api = await testApi()
  await expect(api.get('/healthz', nodePki.client)).rejects.toThrow(/certificate|unknown ca|socket hang up|ECONNRESET/i)
})

test('a node’s certificate does not open the kubelet API', async () => {
  await using api = await testApi({ authority: nodePki })
  expect(await api.get('/pods', nodePki.client)).toEqual({
    status: 403,
    body: '"system:node:node-2" may not use the kubelet API: it is for system:masters\n',
  })
})

describe('streams', () => {
  const upgrade = ['Connection: Upgrade', 'Upgrade: SPDY/3.1', 'X-Stream-Protocol-Version: v4.channel.k8s.io']

  test('3 MB pass both ways at once, byte for byte, and half-close is passed on', async () => {
    const size = 3 * 2 ** 20
    const down = randomBytes(size)
    await using api = await testApi({
      // Answers only after the client's end, so that a half-close is needed to finish.
      async onStream(socket, received) {
        socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\n\r\n')
        socket.write(down)
        socket.end(`${sha(await received)}`)
      },
    })
    const client = await api.open(['POST /exec/default/web/app?command=cat&input=1&output=1 HTTP/1.1', ...upgrade])
    const up = randomBytes(size)
    const answered = readAll(client)
    client.end(up)
    const answer = await answered
    const head = answer.indexOf('\r\n\r\n') + 4
    expect(answer.toString('latin1', 0, head)).toContain('101 Switching Protocols')
    expect(answer.subarray(head, head + size).equals(down)).toBe(true)
    expect(answer.toString('latin1', head + size)).toBe(sha(up))
  })

  test('a client that breaks off before it asks for anything leaves nothing behind', async () => {
    await using api = await testApi()
    const idle = await api.connect()
    expect(api.connections()).toBe(1)
    idle.destroy()
    await expect.poll(() => api.connections()).toBe(0)
  })

  test('the request reaches the runtime as it came, without the client’s credentials', async () => {
    await using api = await testApi({
      async onStream(socket, _received, head) {
        socket.end(`HTTP/1.1 101 Switching Protocols\r\n\r\n${await head}`)
      },
    })
    const client = await api.open(['POST /attach/default/web/app?output=1 HTTP/1.1', 'Authorization: Bearer x', ...upgrade])
    const answer = (await readAll(client)).toString()
    expect(answer).toContain('POST /attach/container-2 HTTP/1.1\r\n')
    expect(answer).toContain('X-Stream-Protocol-Version: v4.channel.k8s.io\r\n')
    expect(answer).not.toContain('Bearer')
  })

  test('a client that breaks off breaks the runtime’s side', async () => {
    const ended = Promise.withResolvers<void>()
    await using api = await testApi({
      async onStream(socket, received) {
        socket.write('HTTP/1.1 101 Switching Protocols\r\n\r\n')
        await received
        ended.resolve()
        socket.destroy()
      },
    })
    const client = await api.open(['POST /exec/default/web/app?command=cat&output=1 HTTP/1.1', ...upgrade])
    await new Promise((resolve) => client.once('data', resolve))
    client.destroy()
    await expect(ended.promise).resolves.toBeUndefined()
  })

  for (const { name, lines, status, says } of [
    {
      name: 'a WebSocket protocol that the runtime does not speak',
      lines: ['GET /exec/default/web/app?command=ls&output=1 HTTP/1.1', ...websocket('v5.channel.k8s.io')],
      status: 400,
      says: 'unable to upgrade: none of v5.channel.k8s.io is spoken here',
    },
    {
      name: 'SPDY within a WebSocket',
      lines: ['GET /portForward/default/web HTTP/1.1', ...websocket('SPDY/3.1+portforward.k8s.io')],
      status: 400,
      says: 'none of SPDY/3.1+portforward.k8s.io is spoken here',
    },
    {
      name: 'port forwarding in a WebSocket without ports',
      lines: ['GET /portForward/default/web HTTP/1.1', ...websocket('v4.channel.k8s.io')],
      status: 400,
      says: 'forwarding ports by WebSocket needs them in the query',
    },
    {
      name: 'a port that is none',
      lines: ['GET /portForward/default/web?port=80,x HTTP/1.1', ...websocket('v4.channel.k8s.io')],
      status: 400,
      says: 'port "x" is not a number from 1 to 65535',
    },
    {
      name: 'a container that does not exist',
      lines: ['POST /exec/default/web/none?command=ls&output=1 HTTP/1.1', ...upgrade],
      status: 404,
      says: 'container "none" not found in pod "web"',
    },
    {
      name: 'no command',
      lines: ['POST /exec/default/web/app?output=1 HTTP/1.1', ...upgrade],
      status: 400,
      says: 'you must specify at least 1 command for the container',
    },
    {
      name: 'no stream',
      lines: ['POST /exec/default/web/app?command=ls HTTP/1.1', ...upgrade],
      status: 400,
      says: 'you must specify at least 1 of stdin, stdout, stderr',
    },
  ]) {
    test(`refused: ${name}`, async () => {
      await using api = await testApi()
      const answer = (await readAll(await api.open(lines))).toString()
      expect(answer).toContain(`HTTP/1.1 ${status} `)
      expect(answer).toContain(says)
    })
  }

  test('a runtime that cannot be reached is told of', async () => {
    await using api = await testApi({ streamPort: 1 })
    const answer = await readAll(await api.open(['POST /exec/default/web/app?command=ls&output=1 HTTP/1.1', ...upgrade]))
    expect(answer.toString()).toContain("HTTP/1.1 502 Bad Gateway")
  })

  test('WebSocket v4 and SPDY port forwarding are passed on', async () => {
    for (const lines of [
      ['GET /exec/default/web/app?command=ls&output=1 HTTP/1.1', ...websocket('v5.channel.k8s.io, v4.channel.k8s.io')],
      ['POST /portForward/default/web HTTP/1.1', ...upgrade],
      ['GET /portForward/default/web?port=80 HTTP/1.1', ...websocket('v5.channel.k8s.io, v4.channel.k8s.io')],
    ]) {
      await using api = await testApi({ onStream: async (socket) => void socket.end('HTTP/1.1 101 Switching Protocols\r\n\r\n') })
      expect((await readAll(await api.open(lines))).toString()).toContain('101')
    }
  })
})

const waiting = { name: 'app', image: 'kubia', imageID: '', ready: false, restartCount: 0 }

function websocket(protocol: string): string[] {
  return [
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
    `Sec-WebSocket-Protocol: ${protocol}`,
  ]
}

interface TestApiOptions {
  pod?: Pod
  started?: boolean
  authority?: typeof pki
  /** Where the runtime says that its streaming server is, in the place of the one below. */
  streamPort?: number
  /** The runtime's streaming server; `received` is all that follows the request's head. */
  onStream?(socket: Socket, received: Promise<Buffer>, head: Promise<string>): Promise<void>
}

async function testApi(options: TestApiOptions = {}) {
  const { pod = testPod(), started = true, authority = pki, onStream = async () => {} } = options
  await using cleanup = new AsyncDisposableStack()
  const scratch = cleanup.use(await scratchDirectory())
  const streaming = createServer({ allowHalfOpen: true }, (socket: Socket) => {
    socket.on('error', () => socket.destroy())
    const { head, rest } = splitHead(socket)
    void head.then(() => onStream(socket, rest, head))
  })
  await new Promise<void>((resolve) => streaming.listen(0, '127.0.0.1', resolve))
  cleanup.defer(() => void streaming.close())
  const runtime = new StreamingRuntime(options.streamPort ?? (streaming.address() as AddressInfo).port)
  const directory = await startPod(runtime, pod, scratch.path, started)
  if (started) {
    await mkdir(dirname(directory), { recursive: true })
    await writeFile(directory, '2026-01-01T00:00:00Z stdout F hello\n')
  }
  const pods = new LiveCache<Pod>(silentLog)
  pods.apply([{ key: keyOf(pod), previous: undefined, next: pod }])
  const api = await serveKubeletApi({
    runtime,
    view: new RuntimeView(runtime),
    pods,
    clock: systemClock,
    log: silentLog,
    host: '127.0.0.1',
    port: 0,
    tls: { ...authority.server, clientCa: authority.ca },
  })
  cleanup.defer(() => api.close())
  const owned = cleanup.move()
  const tls = { ...authority.client, ca: authority.ca, host: '127.0.0.1', port: api.port }
  return {
    get: (path: string, client: { cert: string; key: string } = authority.client) => fetchText({ ...tls, ...client, path }),
    connections: () => api.connectionCount,
    async connect(): Promise<TLSSocket> {
      const raw = connectTcp({ host: '127.0.0.1', port: api.port, allowHalfOpen: true })
      const socket = connect({ ...authority.client, ca: authority.ca, host: '127.0.0.1', socket: raw })
      await once(socket, 'secureConnect')
      return socket
    },
    async open(lines: readonly string[]): Promise<TLSSocket> {
      const socket = await this.connect()
      socket.write(`${lines[0]}\r\nHost: node\r\n${lines.slice(1).join('\r\n')}\r\n\r\n`)
      return socket
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}

/** Resolves to the path of the container's log. */
async function startPod(runtime: FakeRuntime, pod: Pod, directory: string, started: boolean): Promise<string> {
  const paths = nodePaths(directory)
  const config = sandboxConfig(pod, { attempt: 0, dns: { servers: [], searches: [], options: [] }, clusterDomain: 'cluster.local', paths, cgroupRoot: '/' })
  const sandbox = await runtime.runPodSandbox(config)
  const [spec] = pod.spec.containers
  if (spec === undefined || !started) return ''
  const image = { id: 'sha256:kubia', repoTags: ['kubia'], repoDigests: [], sizeBytes: 1 }
  const facts = { attempt: 0, streak: 0, terminationLog: '/nowhere', image }
  const container = containerConfig(pod, spec, { ...facts, variables: new Map(), volumeMounts: [], paths, memoryCapacity: 1 })
  const labels = { labels: containerLabels(pod, spec), annotations: containerAnnotations(spec, facts) }
  const id = await runtime.createContainer(sandbox, { ...container, ...labels })
  await runtime.startContainer(id)
  return (await runtime.containerStatus(id)).logPath ?? ''
}

class StreamingRuntime extends FakeRuntime {
  readonly #port: number

  constructor(port: number) {
    super({ images: { kubia: {} } })
    this.#port = port
  }

  override execUrl(request: Parameters<FakeRuntime['execUrl']>[0]): Promise<string> {
    return super.execUrl(request).then((url) => this.#here(url))
  }

  override attachUrl(request: Parameters<FakeRuntime['attachUrl']>[0]): Promise<string> {
    return super.attachUrl(request).then((url) => this.#here(url))
  }

  override portForwardUrl(id: string, ports?: readonly number[]): Promise<string> {
    return super.portForwardUrl(id, ports).then((url) => this.#here(url))
  }

  #here(url: string): string {
    return url.replace('127.0.0.1:1/', `127.0.0.1:${this.#port}/`)
  }
}

function splitHead(socket: Socket): { head: Promise<string>; rest: Promise<Buffer> } {
  const head = Promise.withResolvers<string>()
  const rest = Promise.withResolvers<Buffer>()
  let all = Buffer.alloc(0)
  let end = -1
  const chunks: Buffer[] = []
  socket.on('data', (chunk: Buffer) => {
    if (end >= 0) return chunks.push(chunk)
    all = Buffer.concat([all, chunk])
    end = all.indexOf('\r\n\r\n')
    if (end < 0) return
    head.resolve(all.toString('latin1', 0, end + 4))
    return chunks.push(all.subarray(end + 4))
  })
  socket.on('end', () => rest.resolve(Buffer.concat(chunks)))
  return { head: head.promise, rest: rest.promise }
}

async function readAll(socket: TLSSocket): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of socket) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}

function fetchText(options: { host: string; port: number; path: string; cert: string; key: string; ca: string }) {
  return new Promise<{ status: number | undefined; body: string }>((resolve, reject) => {
    const request = get({ ...options, agent: false }, (response) => {
      text(response).then((body) => resolve({ status: response.statusCode, body }), reject)
    })
    request.on('error', reject)
  })
}

function sha(data: Buffer): string {
  return createHash('sha256').update(data).digest('hex')
}
