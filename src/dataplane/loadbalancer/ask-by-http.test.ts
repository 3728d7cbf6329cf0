import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, test } from 'vitest'
import { askByHttp } from './ask-by-http.ts'

const signal = new AbortController().signal

async function serving(answer: RequestListener) {
  const server = createServer(answer)
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port } = server.address() as AddressInfo
  return {
    check: { address: '127.0.0.1', port, everyMs: 500 },
    [Symbol.dispose]() {
      server.closeAllConnections()
      server.close()
    },
  }
}

test.for([
  { name: '200', status: 200, isWell: true },
  { name: '503', status: 503, isWell: false },
  { name: '404', status: 404, isWell: false },
])('$name is good or bad', async ({ status, isWell }) => {
  const paths: unknown[] = []
  using server = await serving((request, response) => {
    paths.push(request.url)
    response.writeHead(status).end('{}')
  })
  const ask = askByHttp({ withinMs: 5_000 })
  expect([await ask(server.check, signal), await ask(server.check, signal)]).toEqual([isWell, isWell])
  expect(paths).toEqual(['/healthz', '/healthz'])
})

test('who gives no answer in time, ends in the middle, or is not there, is not well', async () => {
  using silent = await serving(() => undefined)
  expect(await askByHttp({ withinMs: 20 })(silent.check, signal)).toBe(false)
  using halting = await serving((_request, response) => {
    response.writeHead(200, { 'content-length': '10' }).write('{')
    response.destroy()
  })
  const ask = askByHttp({ withinMs: 5_000 })
  expect(await ask(halting.check, signal)).toBe(false)
  const gone = await serving(() => undefined)
  gone[Symbol.dispose]()
  expect(await ask(gone.check, signal)).toBe(false)
})

test('nobody waits for who is not wanted any more', async () => {
  using silent = await serving(() => undefined)
  const ending = new AbortController()
  const answer = askByHttp({ withinMs: 60_000 })(silent.check, ending.signal)
  ending.abort()
  expect(await answer).toBe(false)
})
