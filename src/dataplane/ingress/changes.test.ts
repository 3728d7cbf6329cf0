import { once } from 'node:events'
import { Agent, request, type IncomingMessage } from 'node:http'
import { readdir } from 'node:fs/promises'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest'
import { Ingresses } from '../../api/kinds/ingress.ts'
import type { ServiceSpec } from '../../api/kinds/service.ts'
import { backend, rules, saying, TestSite } from './test-site.ts'

// New backends take new processes, which wait for one another: on a busy machine that adds up.
vi.setConfig({ testTimeout: 60_000 })
const site = await TestSite.start()
afterAll(() => site[Symbol.asyncDispose]())

beforeAll(async () => {
  await site.service('web')
  await site.service('empty', { pods: [] })
  site.ingress('web', rules({ 'web.example.com/': 'web', 'empty.example.com/': 'empty', 'gone.example.com/': 'gone' }))
  await site.settled()
})

/** How many processes it took. */
async function withoutNewProcess(change: () => Promise<void>): Promise<void> {
  const before = site.pid
  await change()
  await site.settled()
  expect(site.pid).toBe(before)
}

async function bodyAt(host: string, path = '/'): Promise<string> {
  await site.settled()
  return (await site.ask(host, path)).body
}

test('a backend without endpoints says so', async () => {
  const { status, body } = await site.ask('empty.example.com', '/')
  expect({ status, body }).toEqual({ status: 503, body: 'portolan: the Service default/empty has no ready endpoint for its port 80\n' })
  expect((await site.ask('gone.example.com', '/')).body).toContain('the Service default/gone has no ready endpoint')
  expect(await site.events()).toEqual(['web: ServiceNotFound there is no Service default/gone'])
})

test('endpoints come and go, more of them than there were servers for, and each gets its part', async () => {
  await withoutNewProcess(async () => {
    site.endpoints('empty', [await site.pod(saying('first'))])
    expect(await bodyAt('empty.example.com')).toBe('first')
    site.endpoints('empty', [await site.pod(saying('second'))])
    expect(await bodyAt('empty.example.com')).toBe('second')
    site.endpoints('empty', [])
    expect(await bodyAt('empty.example.com')).toContain('no ready endpoint')
  })
  const many = await Promise.all([0, 1, 2, 3, 4, 5].map((index) => site.pod(saying(`pod-${index}`))))
  site.endpoints('empty', many)
  await expect.poll(() => bodyAt('empty.example.com')).toMatch(/^pod-/)
  const bodies = await Promise.all(Array.from({ length: 12 }, () => bodyAt('empty.example.com')))
  expect(Object.values(Object.groupBy(bodies, (body) => body)).map((each) => each?.length)).toEqual([2, 2, 2, 2, 2, 2])
})

test('one that terminates serves only while no other does', async () => {
  const [ready, ending] = [await site.pod(saying('ready')), await site.pod(saying('ending'))]
  const port = (index: number, number: number, conditions: object) =>
    site.slice('empty', index, { namespace: 'default', addresses: ['127.0.0.1'], port: number, conditions })
  site.endpoints('empty', [])
  port(0, ready, { ready: true })
  port(1, ending, { ready: false, serving: true, terminating: true })
  for (let round = 0; round < 4; round += 1) expect(await bodyAt('empty.example.com')).toBe('ready')
  port(0, ready, { ready: false, serving: false })
  expect(await bodyAt('empty.example.com')).toBe('ending')
})

test('routes to backends that there are come and go without a new process', async () => {
  await withoutNewProcess(async () => {
    site.ingress('more', rules({ 'more.example.com/': 'web', 'more.example.com/x;y': 'empty' }))
    expect(await bodyAt('more.example.com')).toBe('web')
    site.ingress('more', rules({ 'more.example.com/': 'empty' }))
    expect(await bodyAt('more.example.com')).toBe('ending')
    await site.client.delete(Ingresses, { namespace: 'default', name: 'more' })
    expect(await bodyAt('more.example.com')).toContain('no Ingress has a rule for the host more.example.com')
  })
})

test('a new backend takes a new process, and nobody notices: not who waits with a connection, nor who has upgraded one', async () => {
  const [upgrading] = await site.service('socket', { pods: [saying('socket')] })
  site.ingress('socket', rules({ 'socket.example.com/': 'socket' }))
  expect(await bodyAt('socket.example.com')).toBe('socket')
  expect(upgrading).toBeDefined()
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  const ask = async (host: string) => {
    const outgoing = request({ port: site.ports.http, headers: { host }, agent }).end()
    const [response] = (await once(outgoing, 'response')) as [IncomingMessage]
    return text(response)
  }
  expect(await ask('web.example.com')).toBe('web')
  const before = site.pid
  await site.service('fresh')
  site.ingress('fresh', rules({ 'fresh.example.com/': 'fresh' }))
  await expect.poll(() => bodyAt('fresh.example.com')).toBe('fresh')
  expect(site.pid).not.toBe(before)
  expect(await ask('web.example.com')).toBe('web')
  expect(await ask('fresh.example.com')).toBe('fresh')
  agent.destroy()
})

test('an upgraded connection outlives the process that it began with', async () => {
  const echo = await site.pod(saying('no upgrade'))
  await site.service('ws', { pods: [] })
  const server = await site.upgradingPod()
  site.endpoints('ws', [server])
  site.ingress('ws', rules({ 'ws.example.com/': 'ws' }))
  await expect.poll(async () => (await site.ask('ws.example.com', '/')).status).toBe(426)
  const socket = connect(site.ports.http, '127.0.0.1').setEncoding('utf8')
  socket.write('GET / HTTP/1.1\r\nHost: ws.example.com\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n')
  const [head] = (await once(socket, 'data')) as [string]
  expect(head).toContain('101 Switching Protocols')
  const before = site.pid
  await site.service('fresher')
  site.ingress('fresher', rules({ 'fresher.example.com/': 'fresher' }))
  await expect.poll(() => bodyAt('fresher.example.com')).toBe('fresher')
  expect(site.pid).not.toBe(before)
  site.endpoints('ws', [echo])
  expect(await bodyAt('ws.example.com')).toBe('no upgrade')
  socket.write('still there?')
  expect(await once(socket, 'data')).toEqual(['still there?'])
  socket.destroy()
})

test('a client of an old process is led to the endpoints of now, and told that its connection ends', async () => {
  const [port = NaN] = await site.service('moving', { pods: [saying('before')] })
  site.ingress('moving', rules({ 'moving.example.com/': 'moving' }))
  await expect.poll(() => bodyAt('moving.example.com')).toBe('before')
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  const ask = async () => {
    const outgoing = request({ port: site.ports.http, headers: { host: 'moving.example.com' }, agent }).end()
    const [response] = (await once(outgoing, 'response')) as [IncomingMessage]
    return { body: await text(response), connection: response.headers.connection }
  }
  onTestFinished(() => agent.destroy())
  expect(await ask()).toEqual({ body: 'before', connection: undefined })
  const before = site.pid
  site.ingress('moving', rules({ 'moving.example.com/': 'moving' }), { annotations: { 'portolan.dev/response-timeout': '30s' } })
  await expect.poll(() => site.pid).not.toBe(before)
  expect(site.retiring).toBeGreaterThan(0)
  site.endpoints('moving', [await site.pod(saying('after'))])
  await site.settled()
  await site.endPod(port)
  expect(await ask()).toEqual({ body: 'after', connection: 'close' })
  expect(await ask()).toEqual({ body: 'after', connection: undefined })
})

test('until the next start, routes of before lead to the endpoints of now', async () => {
  const late = (timeout: string) =>
    site.ingress('late', rules({ 'late.example.com/': 'moving' }), { annotations: { 'portolan.dev/response-timeout': timeout } })
  late('20s')
  await expect.poll(() => bodyAt('late.example.com')).toBe('after')
  const before = site.pid
  late('21s')
  site.endpoints('moving', [await site.pod(saying('later'))])
  const answers = new Set<string>()
  do answers.add((await site.ask('late.example.com', '/')).body)
  while (!answers.has('later') || site.pid === before)
  expect([...answers].filter((answer) => !['after', 'later'].includes(answer))).toEqual([])
})

test('an old process ends with its last connection', async () => {
  await expect.poll(() => site.retiring).toBe(0)
})

test('a Service that comes later is served when it comes', async () => {
  await site.service('gone')
  await expect.poll(() => bodyAt('gone.example.com')).toBe('gone')
})

test('affinity of the Service: a client stays with its endpoint', async () => {
  await site.service('sticky', { pods: [1, 2, 3].map((index) => saying(String(index))), spec: { sessionAffinity: 'ClientIP' } })
  site.ingress('sticky', rules({ 'sticky.example.com/': 'sticky' }))
  await expect.poll(() => bodyAt('sticky.example.com')).toMatch(/^\d$/)
  const bodies = await Promise.all(Array.from({ length: 8 }, () => bodyAt('sticky.example.com')))
  expect(new Set(bodies).size).toBe(1)
})

test('a name outside of the cluster is a backend, too', async () => {
  site.names.set('api.somecompany.com', ['127.0.0.1'])
  const number = await site.pod(saying('outside'))
  await site.service('external', { pods: [], spec: { type: 'ExternalName', externalName: 'api.somecompany.com', ports: [] } })
  site.ingress('external', {
    rules: [{ host: 'external.example.com', http: { paths: [{ path: '/', pathType: 'Prefix', backend: backend('external', { number }) }] } }],
  })
  await expect.poll(() => bodyAt('external.example.com')).toBe('outside')
})

test('a name of a Service of the cluster leads to the endpoints of that, by way of others if need be', async () => {
  await site.service('inner', { namespace: 'elsewhere' })
  const named = (externalName: string): Partial<ServiceSpec> => ({ type: 'ExternalName', externalName, ports: [] })
  await site.service('alias', { pods: [], spec: named('inner.elsewhere.svc.cluster.local') })
  await site.service('alias-of-alias', { pods: [], spec: named('alias.default.svc.cluster.local.') })
  site.ingress('alias', rules({ 'alias.example.com/': 'alias-of-alias' }))
  await expect.poll(() => bodyAt('alias.example.com')).toBe('inner')
  await withoutNewProcess(async () => {
    site.endpoints('inner', [await site.pod(saying('moved'))], 'elsewhere')
    expect(await bodyAt('alias.example.com')).toBe('moved')
    await site.service('inner-2', { namespace: 'elsewhere' })
    await site.service('alias', { pods: [], spec: named('inner-2.elsewhere.svc.cluster.local') })
    expect(await bodyAt('alias.example.com')).toBe('inner-2')
    await site.service('alias', { pods: [], spec: named('alias-of-alias.default.svc.cluster.local') })
    expect(await bodyAt('alias.example.com')).toContain('no ready endpoint')
  })
})

test('a name that leads nowhere is told', async () => {
  await site.service('nowhere', { pods: [], spec: { type: 'ExternalName', externalName: 'nowhere.example', ports: [] } })
  await site.service('dangling', { pods: [], spec: { type: 'ExternalName', externalName: 'none.default.svc.cluster.local', ports: [] } })
  site.ingress('nowhere', rules({ 'nowhere.example.com/': 'nowhere', 'nowhere.example.com/dangling': 'dangling' }))
  await expect.poll(() => site.events()).toEqual(
    expect.arrayContaining([
      'nowhere: NameNotResolved the name nowhere.example of Service default/nowhere leads nowhere: nobody knows it',
      'nowhere: ServiceNotFound there is no Service default/none, which Service default/dangling leads to',
    ]),
  )
})

test('no slice is said to be followed before requests follow it', async () => {
  const followed: string[] = []
  const port = await site.pod(saying('followed'))
  const end = site.proxy.onApplied((slices) => followed.push(...slices.keys()))
  site.endpoints('web', [port])
  await expect.poll(() => followed).toContain('default/web-0')
  end()
  expect((await site.ask('web.example.com', '/')).body).toBe('followed')
})

test('HAProxy is started again when it ends, and is not there when there is nothing to serve', async () => {
  const before = site.pid ?? NaN
  process.kill(before, 'SIGKILL')
  await expect.poll(() => site.pid ?? before).not.toBe(before)
  expect(await bodyAt('web.example.com')).toBe('followed')
  for (const { metadata } of (await site.client.list(Ingresses)).items) {
    await site.client.delete(Ingresses, { namespace: metadata.namespace, name: metadata.name })
  }
  await expect.poll(() => site.pid).toBeUndefined()
  await expect.poll(async () => (await readdir(site.directory)).filter((name) => name.endsWith('.sock'))).toEqual([])
})
