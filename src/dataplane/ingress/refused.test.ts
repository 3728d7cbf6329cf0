import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterAll, expect, onTestFinished, test } from 'vitest'
import { scratch } from '../../kernel/test-scratch.ts'
import { realProcesses } from '../../kernel/real-processes.ts'
import { systemClock } from '../../base/clock.ts'
import { silentLog } from '../../base/log.ts'
import { throwawayPki } from '../../base/throwaway-pki.ts'
import { compile, type IngressWorld } from './compile.ts'
import { culpritsOf } from './configuration-refused.ts'
import type { Description } from './description.ts'
import { Haproxy } from './haproxy.ts'
import { mainText, type MainSettings } from './main-text.ts'
import { freePort, rules, saying, TestSite } from './test-site.ts'

const site = await TestSite.start()
afterAll(() => site[Symbol.asyncDispose]())
await site.service('web')
site.ingress('good', rules({ 'good.com/': 'web' }))
await site.settled()

test('HAProxy says whom it does not want, and serves as before', async () => {
  await using folder = await scratch()
  const { server } = await throwawayPki()
  const http = await freePort()
  const haproxy = new Haproxy({
    processes: realProcesses,
    clock: systemClock,
    log: silentLog,
    directory: folder.path,
    defaultCertificate: `${server.cert}\n${server.key}\n`,
    onRequest: () => {},
    onEnd: () => {},
  })
  const settings: MainSettings = { addresses: ['127.0.0.1'], ports: { http, https: await freePort() }, directory: folder.path, threads: 1, accessLog: false }
  const answering = (text: string): Description => ({
    main: mainText(settings, []),
    backends: new Map([['default_web_80', { text: `backend default_web_80\n  ${text}\n`, serverOptions: '', ingresses: [] }]]),
    servers: new Map(),
    maps: { hosts: new Map(), exact: new Map(), prefixes: new Map([['-/', 'default_web_80']]), defaults: new Map(), canaries: new Map() },
    certificates: new Map(),
  })
  expect(await haproxy.apply(answering('http-request return status 200 content-type text/plain string first'), { mayRestart: true })).toBe('restarted')
  const refusal: unknown = await haproxy.apply(answering('http-request nonsense'), { mayRestart: true }).catch((error: unknown) => error)
  expect(refusal).toMatchObject({ name: 'ConfigurationRefused', message: expect.stringMatching(/^parsing .*nonsense/), culprits: { backends: ['default_web_80'], certificates: [] } })
  expect(await (await fetch(`http://127.0.0.1:${http}/`)).text()).toBe('first')
  expect(await haproxy.apply(answering('http-request return status 200 content-type text/plain string second'), { mayRestart: false })).toBe('postponed')
  expect(await (await fetch(`http://127.0.0.1:${http}/`)).text()).toBe('first')
  await haproxy.stop()
})

test('what has left a backend gets nothing more, although the next start is still to come', async () => {
  await using folder = await scratch()
  const { server } = await throwawayPki()
  const http = await freePort()
  const ports = await Promise.all(['one', 'two'].map(async (name) => {
    const backendServer = createServer(saying(name)).listen(0, '127.0.0.1')
    onTestFinished(() => void backendServer.close())
    await once(backendServer, 'listening')
    return (backendServer.address() as AddressInfo).port
  }))
  const haproxy = new Haproxy({
    processes: realProcesses,
    clock: systemClock,
    log: silentLog,
    directory: folder.path,
    defaultCertificate: `${server.cert}\n${server.key}\n`,
    onRequest: () => {},
    onEnd: () => {},
  })
  const settings: MainSettings = { addresses: ['127.0.0.1'], ports: { http, https: await freePort() }, directory: folder.path, threads: 1, accessLog: false }
  const leading = (options: string, wanted: readonly number[]): Description => ({
    main: mainText(settings, []),
    backends: new Map([['default_web_80', { text: `backend default_web_80\n${options}`, serverOptions: '', ingresses: [] }]]),
    servers: new Map([['default_web_80', wanted.map((port) => `127.0.0.1:${port}`)]]),
    maps: { hosts: new Map(), exact: new Map(), prefixes: new Map([['-/', 'default_web_80']]), defaults: new Map(), canaries: new Map() },
    certificates: new Map(),
  })
  const answers = async () => {
    const all = Array.from({ length: 12 }, async () => (await fetch(`http://127.0.0.1:${http}/`, { headers: { connection: 'close' } })).text())
    return [...new Set(await Promise.all(all))].sort()
  }
  await haproxy.apply(leading('', ports), { mayRestart: true })
  expect(await answers()).toEqual(['one', 'two'])
  expect(await haproxy.apply(leading('  option http-server-close\n', ports.slice(1)), { mayRestart: false })).toBe('postponed')
  expect(await answers()).toEqual(['two'])
  await haproxy.stop()
})

test('a backend that was refused is left out, and its Ingress is told', () => {
  const ingress = { metadata: { namespace: 'default', name: 'web', uid: 'web', resourceVersion: '1', creationTimestamp: '' }, spec: rules({ 'web.com/': 'web' }) }
  const world: IngressWorld = {
    ingresses: [{ apiVersion: 'networking.k8s.io/v1', kind: 'Ingress', ...ingress }],
    service: () => undefined,
    secret: () => undefined,
    slicesOf: () => [],
    certificate: () => ({ certificate: undefined, problem: undefined }),
    externalName: () => ({ addresses: [] }),
    isOwn: () => false,
    clusterDomain: 'cluster.local',
  }
  const settings: MainSettings = { addresses: ['*'], ports: { http: 80, https: 443 }, directory: '/run/x', threads: 1, accessLog: false }
  const { description, problems } = compile(world, settings, new Map([['default_web_80', 'it is odd']]))
  expect([...description.backends.keys()]).toEqual([])
  expect(description.maps.prefixes).toEqual(new Map([['web.com/', 'default_web_80']]))
  expect(problems.map(({ message }) => message)).toContain('the backend of Service default/web is not served: it is odd')
})

test('a certificate that HAProxy does not want is told, be it the first or the next', async () => {
  await using folder = await scratch()
  const [cert, key] = [join(folder.path, 'cert'), join(folder.path, 'key')]
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:secp112r1'] as const
  await realProcesses.run(['openssl', 'req', '-x509', ...curve, '-nodes', '-subj', '/CN=weak.com', '-keyout', key, '-out', cert])
  site.secret('weak', { 'tls.crt': await readFile(cert, 'utf8'), 'tls.key': await readFile(key, 'utf8') })
  site.ingress('weak', { ...rules({ 'weak.com/': 'web' }), tls: [{ hosts: ['weak.com'], secretName: 'weak' }] })
  await expect.poll(() => site.events()).toContainEqual(expect.stringContaining('weak: InvalidCertificate Secret default/weak cannot be used for weak.com: '))
  await expect.poll(async () => (await site.ask('weak.com', '/')).body).toBe('web')
  await site.service('last', { pods: [saying('last')] })
  site.ingress('last', rules({ 'last.com/': 'last' }))
  await expect.poll(async () => (await site.ask('last.com', '/')).body).toBe('last')
})

test('whom HAProxy means', () => {
  const config = ['global', '  x', 'userlist users:a_b_80_12', '  user x', '', 'backend rate:c_d_80', '  y', '', 'backend e_f_80', '  z'].join('\n')
  const at = (line: number) => culpritsOf(`[ALERT] (1) : config : parsing [/run/haproxy.cfg:${line}] : bad`, config).backends
  expect([at(2), at(4), at(7), at(10)]).toEqual([[], ['a_b_80_12'], ['c_d_80'], ['e_f_80']])
  const loading = "unable to load certificate from file '/run/x/certificates/default_web.pem'."
  expect(culpritsOf(loading, config)).toEqual({ backends: [], certificates: ['default_web.pem'] })
})
