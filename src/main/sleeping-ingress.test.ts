import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { EndpointSlices } from '../api/kinds/endpoint-slice.ts'
import { IngressClasses } from '../api/kinds/ingress-class.ts'
import { Ingresses } from '../api/kinds/ingress.ts'
import { Services } from '../api/kinds/service.ts'
import { systemClock } from '../base/clock.ts'
import { silentLog } from '../base/log.ts'
import { throwawayPki } from '../base/throwaway-pki.ts'
import { informer } from '../client/informer.ts'
import { MemoryClient } from '../client/memory-client.ts'
import { freePort } from '../dataplane/ingress/test-site.ts'
import { SleepingIngress } from './sleeping-ingress.ts'

/** An API that has vanished without a word: nothing that is written comes to an end. */
class SilentClient extends MemoryClient {
  override create(): Promise<never> {
    return new Promise(() => {})
  }
}

async function started(client: MemoryClient, files: Readonly<Record<string, string>> = {}) {
  const stop = new AbortController()
  const live = { log: silentLog, clock: systemClock, signal: stop.signal }
  const directory = await mkdtemp(join(tmpdir(), 'sleeping-ingress-'))
  for (const [name, text] of Object.entries(files)) await writeFile(join(directory, name), text)
  const [{ server }, http, https] = await Promise.all([throwawayPki(), freePort(), freePort()])
  const ingress = new SleepingIngress({
    client,
    ingresses: informer(client, Ingresses, live),
    classes: informer(client, IngressClasses, live),
    services: informer(client, Services, live),
    slices: informer(client, EndpointSlices, live),
    settings: { addresses: ['127.0.0.1'], ports: { http, https }, directory, accessLog: false },
    defaultCertificate: `${server.cert}\n${server.key}\n`,
    publicAddresses: ['127.0.0.1'],
    clusterDomain: 'cluster.local',
    nameServersFor: async () => [],
    ...live,
  })
  const ended = ingress.run()
  onTestFinished(async () => {
    stop.abort()
    await ended
    await rm(directory, { recursive: true })
  })
  const answered = () => fetch(`http://127.0.0.1:${http}/`).then(({ status }) => status, () => 'nobody')
  return { ingress, ended, stop, answered, directory }
}

test('it wakes up to end what an earlier life has left behind', async () => {
  const { directory } = await started(new MemoryClient(), { 'runtime-1.sock': '' })
  await expect.poll(() => readdir(directory)).toEqual([])
})

test('it ends in time although the API has vanished while there was something to tell', async () => {
  const client = new SilentClient()
  const { ended, stop, answered } = await started(client)
  client.seed(IngressClasses, { metadata: { name: 'edge' }, spec: { controller: 'portolan.dev/ingress' } })
  const annotations = { 'portolan.dev/unheard': 'of' }
  client.seed(Ingresses, { metadata: { name: 'ours', namespace: 'default', annotations }, spec: { ingressClassName: 'edge', rules: [{ host: 'a.com' }] } })
  await expect.poll(answered).toBe(404)
  const stoppedMs = performance.now()
  stop.abort()
  await ended
  expect(performance.now() - stoppedMs).toBeLessThan(7_000)
  expect(await answered()).toBe('nobody')
})

test('it follows endpoints while it sleeps and when it is awake, which it is once there is an Ingress of ours', async () => {
  const client = new MemoryClient()
  const { ingress, answered } = await started(client)
  const followed: (string | undefined)[] = [] // undefined for a deletion
  ingress.onApplied((slices) => followed.push(...slices.values()))
  const change = () => {
    const [slice] = client.seed(EndpointSlices, { metadata: { name: 'web', namespace: 'default' }, addressType: 'IPv4', endpoints: [] })
    return slice?.metadata.resourceVersion
  }
  const first = change()
  await expect.poll(() => followed).toContain(first)
  client.unseed(EndpointSlices, { namespace: 'default', name: 'web' })
  await expect.poll(() => followed).toEqual([first, undefined])
  const spec = { rules: [{ host: 'a.com' }] }
  client.seed(Ingresses, { metadata: { name: 'foreign', namespace: 'default' }, spec: { ...spec, ingressClassName: 'nginx' } })
  const second = change()
  await expect.poll(() => followed).toContain(second)
  expect(await answered()).toBe('nobody')
  client.seed(IngressClasses, { metadata: { name: 'edge' }, spec: { controller: 'portolan.dev/ingress' } })
  client.seed(Ingresses, { metadata: { name: 'ours', namespace: 'default' }, spec: { ...spec, ingressClassName: 'edge' } })
  await expect.poll(answered).toBe(404)
  const third = change()
  await expect.poll(() => followed).toContain(third)
  await expect.poll(() => client.peek(Ingresses, 'default/ours')?.status).toEqual({ loadBalancer: { ingress: [{ ip: '127.0.0.1' }] } })
  expect(client.peek(Ingresses, 'default/foreign')?.status).toBeUndefined()
})
