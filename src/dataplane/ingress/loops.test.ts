import { afterAll, expect, test, vi } from 'vitest'
import { backend, rules, saying, TestSite } from './test-site.ts'

// New backends take new processes, which wait for one another: on a busy machine that adds up.
vi.setConfig({ testTimeout: 60_000 })
const site = await TestSite.start()
afterAll(() => site[Symbol.asyncDispose]())

const itself = `127.0.0.1:${site.ports.http}`
const circle = (service: string) =>
  `RequestLoop Service default/${service} leads to ${itself}, which is this ingress itself: requests would go round and round, so none is sent there; ` +
  'lead to the Service whose pods are to answer'
const nobody = (service: string, port: number) => ({ status: 503, body: `portolan: the Service default/${service} has no ready endpoint for its port ${port}\n` })

test('endpoints by hand that are the ingress itself are left out, and told', async () => {
  const pod = await site.pod(saying('pod'))
  await site.service('by-hand', { pods: [] })
  site.endpoints('by-hand', [site.ports.http])
  site.ingress('by-hand', rules({ 'hand.com/': 'by-hand' }))
  await site.settled()
  expect(await site.ask('hand.com', '/')).toMatchObject(nobody('by-hand', 80))
  expect(await site.events()).toEqual([`by-hand: ${circle('by-hand')}`])
  site.endpoints('by-hand', [pod])
  await site.settled()
  expect(await site.ask('hand.com', '/')).toMatchObject({ status: 200, body: 'pod' })
  await expect.poll(() => site.events()).toContainEqual('by-hand: ProblemsSolved Nothing is wrong with this Ingress any more')
})

test('they are left out when they come later, and others are served', async () => {
  const pod = await site.pod(saying('pod'))
  await site.service('later', { pods: [] })
  site.endpoints('later', [pod])
  site.ingress('later', rules({ 'later.com/': 'later' }))
  await expect.poll(async () => (await site.ask('later.com', '/')).body).toBe('pod')
  site.endpoints('later', [pod, site.ports.http])
  await site.settled()
  for (let round = 0; round < 4; round += 1) expect((await site.ask('later.com', '/')).body).toBe('pod')
  await expect.poll(() => site.events()).toContainEqual(`later: ${circle('later')}`)
})

test('names that lead to the ingress itself, by themselves or by way of a Service, are not followed, and told', async () => {
  const { http } = site.ports
  await site.service('named', { pods: [], spec: { type: 'ExternalName', externalName: 'round.example', ports: [] } })
  await site.service('alias', { pods: [], spec: { type: 'ExternalName', externalName: 'by-itself.default.svc.cluster.local', ports: [] } })
  await site.service('by-itself', { pods: [] })
  site.endpoints('by-itself', [http])
  const path = (path: string, service: string, number: number) => ({ path, pathType: 'Prefix' as const, backend: backend(service, { number }) })
  site.names.set('round.example', ['127.0.0.1'])
  site.ingress('named', { rules: [{ host: 'named.com', http: { paths: [path('/', 'named', http), path('/alias', 'alias', 80)] } }] })
  await expect.poll(() => site.events()).toContainEqual(expect.stringContaining(circle('named')))
  await expect.poll(() => site.events()).toContainEqual(expect.stringContaining(circle('alias').replace('RequestLoop ', '')))
  await expect.poll(() => site.ask('named.com', '/')).toMatchObject(nobody('named', http))
  // While one process takes over from another, both take connections.
  await expect.poll(() => site.ask('named.com', '/alias')).toMatchObject(nobody('alias', 80))
})
