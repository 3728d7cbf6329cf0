import { Agent, createServer, request, type IncomingMessage } from 'node:http'
import { once } from 'node:events'
import { readdir } from 'node:fs/promises'
import { connect, type AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { connect as connectTls } from 'node:tls'
import { expect, onTestFinished, test } from 'vitest'
import { systemClock } from '../../base/clock.ts'
import { silentLog } from '../../base/log.ts'
import { throwawayPki } from '../../base/throwaway-pki.ts'
import { realProcesses } from '../../kernel/real-processes.ts'
import { scratch } from '../../kernel/test-scratch.ts'
import type { Description } from './description.ts'
import { Haproxy } from './haproxy.ts'
import { mainText } from './main-text.ts'
import { freePort } from './test-site.ts'

async function newPlace() {
  const folder = await scratch()
  onTestFinished(() => folder[Symbol.asyncDispose]())
  const { server } = await throwawayPki()
  const [port, tlsPort] = [await freePort(), await freePort()]
  const main = mainText({ addresses: ['127.0.0.1'], ports: { http: port, https: tlsPort }, directory: folder.path, threads: 1, accessLog: false }, [])
  const haproxy = () =>
    new Haproxy({
      processes: realProcesses,
      clock: systemClock,
      log: silentLog,
      directory: folder.path,
      defaultCertificate: `${server.cert}\n${server.key}\n`,
      onRequest: () => {},
      onEnd: () => {},
    })
  /** The answer to everything. */
  const saying = (word: string): Description => ({
    main,
    backends: new Map([[word, { text: `backend ${word}\n  http-request return status 200 content-type text/plain string ${word}\n`, serverOptions: '', ingresses: [] }]]),
    servers: new Map(),
    maps: { hosts: new Map(), exact: new Map(), prefixes: new Map([['-/', word]]), defaults: new Map(), canaries: new Map() },
    certificates: new Map(),
  })
  const sockets = async () => (await readdir(folder.path)).filter((name) => name.endsWith('.sock')).sort()
  return { port, tlsPort, haproxy, saying, sockets }
}

function asking(port: number, agent: Agent, headers: Readonly<Record<string, string>> = {}): () => Promise<string> {
  return async () => {
    const outgoing = request({ port, agent, headers }).end()
    const [response] = (await once(outgoing, 'response')) as [IncomingMessage]
    return text(response)
  }
}

test('what an earlier life has left behind is taken over, and its connections are served to their end', async () => {
  const { port, haproxy, saying, sockets } = await newPlace()
  const earlier = haproxy()
  await earlier.apply(saying('earlier'), { mayRestart: true })
  onTestFinished(() => earlier.stop())
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  onTestFinished(() => agent.destroy())
  const kept = asking(port, agent)
  const anew = asking(port, new Agent())
  expect(await kept()).toBe('earlier')
  const later = haproxy()
  await later.apply(saying('later'), { mayRestart: true })
  onTestFinished(() => later.stop())
  await expect.poll(anew).toBe('later')
  expect(later.pid).not.toBe(earlier.pid)
  expect(await kept()).toBe('earlier')
  expect(await kept()).toBe('later')
  await expect.poll(() => earlier.pid).toBeUndefined()
  await expect.poll(sockets).toEqual(['runtime-2.sock'])
})

test('all processes end with it, those too that still have connections', async () => {
  const { port, haproxy, saying, sockets } = await newPlace()
  const one = haproxy()
  await one.apply(saying('first'), { mayRestart: true })
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  onTestFinished(() => agent.destroy())
  expect(await asking(port, agent)()).toBe('first')
  await one.apply(saying('second'), { mayRestart: true })
  expect([one.retiring, one.has('first'), one.has('second'), one.has('third')]).toEqual([1, true, true, false])
  await one.stop()
  expect([one.pid, one.retiring]).toEqual([undefined, 0])
  await expect.poll(sockets).toEqual([])
})

test('what an earlier life has left behind ends, too, when there is nothing to serve', async () => {
  const { port, haproxy, saying, sockets } = await newPlace()
  const earlier = haproxy()
  onTestFinished(() => earlier.stop())
  await earlier.apply(saying('earlier'), { mayRestart: true })
  await haproxy().stop()
  await expect(asking(port, new Agent())()).rejects.toThrow('ECONNREFUSED')
  await expect.poll(() => earlier.pid).toBeUndefined()
  // A socket is gone a moment after its process.
  await expect.poll(sockets).toEqual([])
})

test('what an earlier life has left behind is taken over by the first that starts, be it not the first try', async () => {
  const { port, haproxy, saying, sockets } = await newPlace()
  const earlier = haproxy()
  await earlier.apply(saying('earlier'), { mayRestart: true })
  onTestFinished(() => earlier.stop())
  const later = haproxy()
  onTestFinished(() => later.stop())
  const nowhere = { ...saying('later'), main: saying('later').main.replaceAll('bind 127.0.0.1:', 'bind 192.0.2.1:') }
  await expect(later.apply(nowhere, { mayRestart: true })).rejects.toThrow('cannot bind socket')
  await later.apply(saying('later'), { mayRestart: true })
  await expect.poll(() => earlier.pid).toBeUndefined()
  expect(await asking(port, new Agent())()).toBe('later')
  await expect.poll(sockets).toEqual([expect.stringMatching(/^runtime-[23]\.sock$/)])
})

test('routes to backends that there are, and certificates, do not wait for the next start; a host with another backend does', async () => {
  const { port, tlsPort, haproxy, saying } = await newPlace()
  const { cert, key } = await (await throwawayPki()).issue('CN=new.com')
  const one = haproxy()
  onTestFinished(() => one.stop())
  const [web, late] = [saying('web'), saying('late')]
  const at = (host: string) => asking(port, new Agent(), { host })()
  const shown = async (servername: string) => {
    const socket = connectTls({ port: tlsPort, host: '127.0.0.1', servername, rejectUnauthorized: false })
    await once(socket, 'secureConnect')
    onTestFinished(() => void socket.destroy())
    return socket.getPeerCertificate().subject.CN
  }
  expect(await one.apply(web, { mayRestart: true })).toBe('restarted')
  const { pid } = one
  const next: Description = {
    ...web,
    backends: new Map([...web.backends, ...late.backends]),
    maps: {
      ...web.maps,
      hosts: new Map([['new.com', 'new.com'], ['late.com', 'late.com']]),
      prefixes: new Map([['-/', 'late'], ['new.com/only/', 'web'], ['late.com/', 'late']]),
    },
    certificates: new Map([['new.pem', { pem: `${cert}\n${key}\n`, hosts: ['new.com'], ingresses: [] }]]),
  }
  expect(await one.apply(next, { mayRestart: false })).toBe('postponed')
  expect([await at('new.com'), await at('late.com'), await at('other.com'), await shown('new.com')]).toEqual([
    'portolan: no rule for the host new.com matches the path /\n', 'web', 'web', 'new.com',
  ])
  expect(one.pid).toBe(pid)
  expect(await one.apply(next, { mayRestart: true })).toBe('restarted')
  await expect.poll(() => at('late.com')).toBe('late')
})

test('what an earlier life has left behind follows endpoints, and its upgraded connections go on', async () => {
  const { port, haproxy, saying } = await newPlace()
  const pod = async (word: string) => {
    const server = createServer((_, response) => void response.end(word)).listen(0, '127.0.0.1')
    server.on('upgrade', (_, socket) => {
      socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n')
      socket.on('error', () => {}).pipe(socket)
    })
    onTestFinished(() => void server.close())
    await once(server, 'listening')
    return { address: `127.0.0.1:${(server.address() as AddressInfo).port}` }
  }
  const leading = (address: string): Description => ({
    ...saying('web'),
    backends: new Map([['web', { text: 'backend web\n', serverOptions: '', ingresses: [] }]]),
    servers: new Map([['web', [address]]]),
  })
  const [first, before, after] = [await pod('first'), await pod('before'), await pod('after')]
  const earlier = haproxy()
  onTestFinished(() => earlier.stop())
  await earlier.apply(leading(first.address), { mayRestart: true })
  // It comes into a slot that was empty when HAProxy was started.
  expect(await earlier.apply(leading(before.address), { mayRestart: true })).toBe('changed')
  const kept = ['one', 'another'].map(() => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    onTestFinished(() => agent.destroy())
    return asking(port, agent)
  })
  const answers = () => Promise.all(kept.map((ask) => ask()))
  expect(await answers()).toEqual(['before', 'before'])
  const socket = connect(port, '127.0.0.1').setEncoding('utf8')
  onTestFinished(() => void socket.destroy())
  socket.write('GET / HTTP/1.1\r\nHost: web.com\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n')
  expect(String(await once(socket, 'data'))).toContain('101 Switching Protocols')

  const later = haproxy()
  onTestFinished(() => later.stop())
  await later.apply(leading(after.address), { mayRestart: true })
  expect([later.retiring, later.has('web')]).toEqual([1, true])
  // Still there to answer, if it were asked.
  expect(await answers()).toEqual(['after', 'after'])
  socket.write('still there?')
  expect(await once(socket, 'data')).toEqual(['still there?'])
  expect(later.retiring).toBe(1)
  socket.destroy()
  await expect.poll(() => later.retiring, { timeout: 5_000 }).toBe(0)
  await expect.poll(() => earlier.pid).toBeUndefined()
})
