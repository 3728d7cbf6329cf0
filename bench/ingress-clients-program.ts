import { once } from 'node:events'
import { Agent as HttpAgent, request as httpRequest } from 'node:http'
import { connect, constants, type ClientHttp2Session } from 'node:http2'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Clients } from './ingress-clients.ts'

/**
 * All sorts of clients of an ingress, for a time; prints at the end as JSON what became of each sort (`Clients`). Nothing is
 * retried. Arguments: the address, its ports for HTTP and HTTPS, hosts for the requests, seconds. `/` of a host is to be answered with 200; `/ws` takes
 * WebSockets that send back what they hear.
 */
const [address = '', httpPort = '', httpsPort = '', hostList = '', seconds = ''] = process.argv.slice(2)
// The clients are after answers; whose certificate is shown is another test's matter.
process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0'
process.removeAllListeners('warning').on('warning', () => {})
const hosts = hostList.split(',')
const endsAtMs = performance.now() + Number(seconds) * 1000
const answerWithinMs = 10_000
const echoWithinMs = 10_000

const streams: Record<string, { count: number; failures: Record<string, number> }> = {}

function streamOf(name: string): { count: number; failures: Record<string, number> } {
  return (streams[name] ??= { count: 0, failures: {} })
}

function fail(name: string, reason: string): void {
  const { failures } = streamOf(name)
  failures[reason] = (failures[reason] ?? 0) + 1
  process.stderr.write(`${new Date().toISOString()} ${name}: ${reason}\n`)
}

/** One request after the other, at a pace, until the time is over. `ask` rejects with what went wrong. */
async function repeat(name: string, everyMs: number, ask: (host: string) => Promise<void>): Promise<void> {
  await sleep(Math.random() * everyMs)
  for (let turn = 0; performance.now() < endsAtMs; turn += 1) {
    const startedMs = performance.now()
    streamOf(name).count += 1
    await ask(hosts[turn % hosts.length] ?? '').catch((error: unknown) => fail(name, reasonOf(error)))
    await sleep(Math.max(0, everyMs - (performance.now() - startedMs)))
  }
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return 'code' in error ? String(error.code) : error.message
}

function checked(status: number | undefined, body: string): void {
  if (status !== 200) throw new Error(`status ${status} ${body.trim().slice(0, 80)}`)
}

function asking(secure: boolean, agent: HttpAgent | HttpsAgent): (host: string) => Promise<void> {
  return (host) =>
    new Promise((resolve, reject) => {
      const options = { host: address, port: secure ? httpsPort : httpPort, path: '/', headers: { host }, agent, timeout: answerWithinMs, ...(secure ? { servername: host } : {}) }
      const request = (secure ? httpsRequest : httpRequest)(options, (response) => {
        let body = ''
        response.setEncoding('utf8').on('data', (text: string) => (body += text))
        response.on('error', reject).on('end', () => {
          try {
            checked(response.statusCode, body)
            resolve()
          } catch (error) {
            reject(error)
          }
        })
      })
      request.on('timeout', () => request.destroy(new Error('no answer in time'))).on('error', reject).end()
    })
}

class Refused extends Error {}

/** A session that the server has not said good-bye to; streams of one that it has may end as they like. */
function http2Asking(): { ask: (host: string) => Promise<void>; close: () => void } {
  let session: ClientHttp2Session | undefined
  const current = () => {
    if (session !== undefined) return session
    const opened = connect(`https://${address}:${httpsPort}`, { servername: hosts[0] ?? '', rejectUnauthorized: false })
    const forget = () => {
      if (session === opened) session = undefined
    }
    opened.on('goaway', forget).on('close', forget).on('error', forget)
    return (session = opened)
  }
  /** A stream that the server certainly has not looked at is sent once more, as browsers do (RFC 9113, 8.7). */
  const ask = async (host: string) => {
    try {
      await attempt(host)
    } catch (error) {
      if (!(error instanceof Refused)) throw error
      streamOf('HTTP/2, refused while a process retired and sent again').count += 1
      session = undefined
      await attempt(host)
    }
  }
  const attempt = async (host: string) => {
    const stream = current().request({ ':path': '/', ':authority': host })
    stream.setTimeout(answerWithinMs, () => stream.destroy(new Error('no answer in time')))
    const response = Promise.withResolvers<number | undefined>()
    stream.on('response', (headers) => response.resolve(headers[':status'])).on('error', response.reject)
    stream.on('close', () => response.reject(new Error('the stream was closed without an answer')))
    let body = ''
    stream.setEncoding('utf8').on('data', (text: string) => (body += text))
    const ended = once(stream, 'end')
    try {
      await Promise.all([response.promise, ended])
    } catch (error) {
      throw stream.rstCode === constants.NGHTTP2_REFUSED_STREAM ? new Refused() : error
    }
    checked(await response.promise, body)
  }
  return { ask, close: () => session?.close() }
}

/** Held open for the whole time, with one echo a second. */
async function holdWebSocket(name: string, url: string): Promise<void> {
  const socket = new WebSocket(url)
  let problem: string | undefined
  let heard: ((text: string) => void) | undefined
  const opened = Promise.withResolvers<void>()
  socket.addEventListener('open', () => opened.resolve())
  socket.addEventListener('message', ({ data }) => heard?.(String(data)))
  socket.addEventListener('close', ({ code }) => opened.reject((problem = `closed with ${code}`)))
  socket.addEventListener('error', () => opened.reject((problem ??= 'error')))
  try {
    await opened.promise
    for (let turn = 0; performance.now() < endsAtMs; turn += 1) {
      if (problem !== undefined) throw problem
      streamOf(name).count += 1
      const echo = new Promise<string>((resolve) => (heard = resolve))
      socket.send(`turn ${turn}`)
      const back = await Promise.race([echo, sleep(echoWithinMs, 'nothing', { ref: false })])
      if (back !== `turn ${turn}`) throw `${back} came back`
      await sleep(1_000)
    }
    socket.close()
  } catch (error) {
    fail(name, problem ?? reasonOf(error))
  }
}

const unkept = { keepAlive: false }
const kept = { keepAlive: true, maxSockets: 1 }
const times = (count: number, start: () => Promise<void>) => Array.from({ length: count }, start)
const agents: (HttpAgent | HttpsAgent)[] = []
const keeping = <A extends HttpAgent>(agent: A) => {
  agents.push(agent)
  return agent
}
const sessions = [http2Asking(), http2Asking()]
await Promise.all([
  ...times(4, () => repeat('new connections', 100, asking(false, new HttpAgent(unkept)))),
  ...times(4, () => repeat('kept-alive connections', 50, asking(false, keeping(new HttpAgent(kept))))),
  ...times(8, () => repeat('kept-alive connections that are mostly idle', 7_000, asking(false, keeping(new HttpAgent(kept))))),
  ...times(2, () => repeat('new TLS connections', 200, asking(true, new HttpsAgent({ ...unkept, maxCachedSessions: 0 })))),
  ...times(2, () => repeat('kept-alive TLS connections', 100, asking(true, keeping(new HttpsAgent(kept))))),
  ...sessions.flatMap(({ ask }) => times(2, () => repeat('HTTP/2', 100, ask))),
  ...times(12, () => holdWebSocket('WebSockets', `ws://${address}:${httpPort}/ws`)),
  ...times(12, () => holdWebSocket('WebSockets over TLS', `wss://${address}:${httpsPort}/ws`)),
])
for (const agent of agents) agent.destroy()
for (const { close } of sessions) close()
process.stdout.write(JSON.stringify(streams satisfies Clients))
