import { once } from 'node:events'
import { request, type IncomingMessage } from 'node:http'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { systemClock } from '../../base/clock.ts'
import { freePort, rules, TestSite } from './test-site.ts'
import { watchRequest, type TracedRequest } from './traced-request.ts'

/** What a real HAProxy tells of one request among others. */

let site: TestSite
const address = '127.0.0.1'

beforeAll(async () => {
  site = await TestSite.start()
  await site.service('web')
  await site.service('idle', { pods: [] })
  site.ingress('web', rules({ 'web.example.com/': 'web', 'web.example.com/shop': 'web', 'web.example.com/exact=': 'web', 'web.example.com/idle': 'idle', '*.example.com/': 'web' }))
  await site.settled()
})
afterAll(() => site?.[Symbol.asyncDispose]())

async function ask(host: string, path: string, localPort?: number): Promise<number | undefined> {
  const asked = request({ host: address, port: site.ports.http, path, headers: { host }, agent: false, ...(localPort === undefined ? {} : { localPort }) }).end()
  const [answer] = (await once(asked, 'response')) as [IncomingMessage]
  await once(answer.resume(), 'end')
  return answer.statusCode
}

async function trace(host: string, path: string): Promise<TracedRequest | undefined> {
  const port = await freePort()
  const watch = await watchRequest(site.directory, { address, port }, systemClock)
  await ask('other.example.com', '/')
  await ask(host, path, port)
  const told = await watch?.told()
  await watch?.end()
  return told
}

test('which rules a request was routed by, which server took it, and how long that took', async () => {
  const told = await trace('Web.example.com:80', '/shop/cart?item=1')
  expect(told).toMatchObject({
    method: 'GET', host: 'web.example.com', path: '/shop/cart', status: 200, retries: 0, end: '--', backend: 'default_web_80',
    lookups: [{ map: 'hosts', key: 'web.example.com', value: 'web.example.com' }, { map: 'prefixes', key: 'web.example.com/shop/', value: 'default_web_80' }],
    server: { name: 's1', source: { address }, destination: { address } },
  })
  expect(Object.keys(told?.timers ?? {}).toSorted()).toEqual(['connect', 'data', 'queue', 'request', 'response', 'total'])
  expect(told?.server?.source.port).toBeGreaterThan(0)
})

for (const { host, path, key, map, status } of [
  { host: 'web.example.com', path: '/exact', map: 'exact', key: 'web.example.com/exact', status: 200 },
  { host: 'any.example.com', path: '/a%20b;c\\d', map: 'prefixes', key: '*.example.com/', status: 200 },
  { host: 'web.example.com', path: '/idle', map: 'prefixes', key: 'web.example.com/idle/', status: 503 },
]) {
  test(`${host}${path} by ${map}`, async () => {
    const told = await trace(host, path)
    expect(told).toMatchObject({ host, path, status })
    expect(told?.lookups.at(-1)).toMatchObject({ map, key })
    expect(told?.server === undefined).toBe(status === 503)
  })
}

test('a host without a rule is answered by HAProxy itself', async () => {
  const told = await trace('nobody.org', '/')
  expect(told).toMatchObject({ status: 404, lookups: [], backend: 'nobody' })
  expect(told?.server).toBeUndefined()
})

test('nothing is told of what nobody asked for', async () => {
  const port = await freePort()
  const watch = await watchRequest(site.directory, { address, port }, systemClock)
  await watch?.end()
  await ask('web.example.com', '/', port)
  expect(await watch?.told()).toBeUndefined()
  expect(site.requests).toEqual([])
})

test('there is nothing to watch where no HAProxy runs', async () => {
  expect(await watchRequest('/nowhere', { address, port: 1 }, systemClock)).toBeUndefined()
})
