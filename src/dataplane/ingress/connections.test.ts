import { once } from 'node:events'
import { Agent, request, type IncomingMessage, type RequestListener } from 'node:http'
import type { Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { afterAll, expect, onTestFinished, test } from 'vitest'
import { rules, TestSite } from './test-site.ts'

/** Which requests share connections to pods, and that none is lost when a pod closes one that waits. */

const site = await TestSite.start()
afterAll(() => site[Symbol.asyncDispose]())

/** The number of the connection, and of the request on it, as `CONNECTION.REQUEST`. */
function counting(): RequestListener {
  const requests = new Map<Socket, number>()
  return (incoming, response) => {
    const { socket } = incoming
    requests.set(socket, 1 + (requests.get(socket) ?? 0))
    incoming.resume().on('end', () => response.end(`${[...requests.keys()].indexOf(socket) + 1}.${requests.get(socket)}`))
  }
}

/** Answers the first request of each connection, and closes it when the next one comes. */
function closing(): RequestListener {
  const known = new WeakSet<Socket>()
  return ({ socket }, response) => {
    if (known.has(socket)) return void socket.destroy()
    known.add(socket)
    response.end('answered')
  }
}

await site.service('counting', { pods: [counting()] })
await site.service('closing', { pods: [closing()] })
site.ingress('all', rules({ 'counting.com/': 'counting', 'closing.com/': 'closing' }))
await site.settled()

test('requests that can be sent again share connections, whosever they are; the first that cannot be has its own', async () => {
  const ask = async (method: string, body?: string) => {
    const withBody = body === undefined ? {} : { body, headers: { 'content-length': String(body.length) } }
    return (await site.ask('counting.com', '/', { method, ...withBody })).body
  }
  expect([await ask('GET'), await ask('GET'), await ask('OPTIONS')]).toEqual(['1.1', '1.2', '1.3'])
  expect([await ask('POST', 'body'), await ask('POST', 'body'), await ask('DELETE')]).toEqual(['2.1', '3.1', '4.1'])
  expect(await ask('GET', 'body')).toBe('5.1')
  expect(await ask('GET')).toBe('1.4')
})

test('later requests of a client take what waits, as clients send those again themselves', async () => {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  onTestFinished(() => agent.destroy())
  const ask = async (method: string) => {
    const outgoing = request({ port: site.ports.http, method, headers: { host: 'counting.com' }, agent }).end()
    const [response] = (await once(outgoing, 'response')) as [IncomingMessage]
    return text(response)
  }
  expect([await ask('GET'), await ask('POST')]).toEqual(['1.5', '1.6'])
})

test('nothing is lost when a pod closes the connection that waits just when a request comes', async () => {
  for (const method of ['GET', 'GET', 'POST', 'GET', 'POST', 'HEAD', 'DELETE']) {
    expect([method, (await site.ask('closing.com', '/', { method })).status]).toEqual([method, 200])
  }
})
