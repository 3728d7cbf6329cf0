import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { text } from 'node:stream/consumers'
import { afterAll, expect, test } from 'vitest'
import { rules, TestSite } from './test-site.ts'

const site = await TestSite.start()
afterAll(() => site[Symbol.asyncDispose]())
/** The requests that reached a pod. */
const reached: string[] = []
await site.service('web', {
  pods: [(request, response) => {
    let body = ''
    request.setEncoding('utf8').on('data', (piece: string) => (body += piece))
    request.on('end', () => {
      reached.push(`${request.method} ${request.url} ${body}`)
      response.end('served')
    })
  }],
})
site.ingress('web', rules({ 'web.com/': 'web' }))
await site.settled()

function open(): Socket {
  return connect(site.ports.http, '127.0.0.1').setEncoding('utf8').on('error', () => {})
}

/** All that comes back for these bytes, until the connection is closed. */
async function raw(bytes: string): Promise<string> {
  const socket = open()
  socket.write(bytes, 'latin1')
  return text(socket)
}

const head = (...lines: string[]) => `${['POST / HTTP/1.1', 'Host: web.com', 'Connection: close', ...lines].join('\r\n')}\r\n\r\n`
const smuggled = 'GET /smuggled HTTP/1.1\r\nHost: web.com\r\n\r\n'

test.for<[string, string]>([
  ['two lengths', head('Content-Length: 5', 'Content-Length: 0') + smuggled],
  ['a length that is a list', head('Content-Length: 5, 0') + smuggled],
  ['a length with a sign', head('Content-Length: +5') + smuggled],
  ['chunks that are not', head('Transfer-Encoding: xchunked') + smuggled],
  ['chunked in the wrong place', head('Transfer-Encoding: chunked, identity') + smuggled],
  ['a blank before the colon', head('Transfer-Encoding : chunked') + smuggled],
  ['a header without a name', head(': x') + smuggled],
  ['a line that is folded', head('X-One: a', ' Transfer-Encoding: chunked', 'Content-Length: 0') + smuggled],
  ['a NUL in a header', head('X-One: a\0b') + smuggled],
  ['a bare carriage return', head('X-One: a\rTransfer-Encoding: chunked') + smuggled],
  ['two hosts', head('Host: evil.com')],
  ['a blank in the path', 'GET /a b HTTP/1.1\r\nHost: web.com\r\n\r\n'],
])('%s: nothing is smuggled past', async ([, bytes]) => {
  reached.length = 0
  const answer = await raw(bytes)
  expect(reached.filter((request) => request.includes('smuggled'))).toEqual([])
  expect(answer).toMatch(/^HTTP\/1\.[01] (400|404|411|501|505|200) /)
})

test('both a length and chunks: the chunks count, for us and for the pod', async () => {
  reached.length = 0
  await raw(`${head('Content-Length: 4', 'Transfer-Encoding: chunked')}0\r\n\r\n${smuggled}`)
  expect(reached.filter((request) => request.includes('smuggled'))).toEqual([])
})

test('headers that are too large are refused, and the pod hears nothing of them', async () => {
  reached.length = 0
  expect(await raw(head(`X-Large: ${'x'.repeat(20_000)}`))).toMatch(/^HTTP\/1.1 400 /)
  expect(await raw(head(...Array.from({ length: 200 }, (_, index) => `X-${index}: x`)))).toMatch(/^HTTP\/1.1 400 /)
  expect(reached).toEqual([])
})

test('what is in a host or path comes back as text, in one line', async () => {
  const answer = await raw('GET /<script> HTTP/1.1\r\nHost: nobody.com\r\nConnection: close\r\n\r\n')
  expect(answer).toContain('content-type: text/plain')
  expect(answer.toLowerCase()).toContain('x-content-type-options: nosniff')
  expect(await raw('GET / HTTP/1.1\r\nHost: <b>x</b>\r\nConnection: close\r\n\r\n')).toMatch(/^HTTP\/1.1 400 /)
})

test('a client that is slow to say what it wants is not waited for', { timeout: 40_000 }, async () => {
  const socket = open()
  socket.write('GET / HTTP/1.1\r\nHost: web.com\r\n')
  const dripping = (async () => {
    for (let line = 0; !socket.destroyed; line += 1) {
      socket.write(`X-${line}: x\r\n`)
      await pause(500)
    }
  })()
  const answer = await text(socket)
  expect(answer).toMatch(/^HTTP\/1.1 408 /)
  socket.destroy()
  await dripping
})

test('many that say nothing do not keep others out', async () => {
  const idle = Array.from({ length: 300 }, open)
  await Promise.all(idle.map((socket) => once(socket, 'connect')))
  expect((await site.ask('web.com', '/')).body).toBe('served')
  for (const socket of idle) socket.destroy()
})
