import { expect, onTestFinished, test } from 'vitest'
import { IngressClasses } from '../../api/kinds/ingress-class.ts'
import { Ingresses, type Ingress } from '../../api/kinds/ingress.ts'
import { atRest } from '../../base/at-rest.ts'
import { silentLog } from '../../base/log.ts'
import { ManualClock } from '../../base/manual-clock.ts'
import { informer } from '../../client/informer.ts'
import { MemoryClient } from '../../client/memory-client.ts'
import { runControllers } from '../../client/run-controllers.ts'
import { ingressStatusController } from './status-controller.ts'

const address = '203.0.113.3'

async function world() {
  const client = new MemoryClient()
  const stop = new AbortController()
  onTestFinished(() => stop.abort())
  const live = { log: silentLog, clock: new ManualClock(), signal: stop.signal }
  client.seed(IngressClasses, { metadata: { name: 'ours' }, spec: { controller: 'portolan.dev/ingress' } }, { metadata: { name: 'nginx' }, spec: { controller: 'k8s.io/nginx' } })
  let served = new Set<string>()
  const listeners: (() => void)[] = []
  const proxy = {
    serves: ({ metadata }: Ingress) => served.has(metadata.name),
    onServed: (listener: () => void) => (listeners.push(listener), () => {}),
  }
  const caches = { ingresses: informer(client, Ingresses, live), classes: informer(client, IngressClasses, live) }
  void runControllers([ingressStatusController({ client, ...caches, proxy, addresses: [address] })], live)
  const ingress = (name: string, ingressClassName: string, shown: string[] = []) => {
    const status = { loadBalancer: { ingress: shown.map((ip) => ({ ip })) } }
    client.seed(Ingresses, { metadata: { namespace: 'default', name }, spec: { ingressClassName }, status })
  }
  const serve = async (...names: string[]) => {
    served = new Set(names)
    for (const tell of listeners) tell()
    await atRest()
  }
  const shown = (name: string) => (client.peek(Ingresses, `default/${name}`)?.status?.loadBalancer?.ingress ?? []).map(({ ip }) => ip)
  await atRest()
  return { client, ingress, serve, shown }
}

test('an address is told once the Ingress is served, and written once', async () => {
  const { client, ingress, serve, shown } = await world()
  ingress('web', 'ours')
  await atRest()
  expect(shown('web')).toEqual([])
  await serve('web')
  expect(shown('web')).toEqual([address])
  await serve('web', 'other')
  expect(client.calls.filter(({ verb }) => verb === 'patch')).toHaveLength(1)
})

test('another class’s Ingress is not touched, but for what was written here', async () => {
  const { ingress, serve, shown } = await world()
  ingress('foreign', 'nginx', ['10.0.0.1'])
  ingress('empty', 'nginx')
  ingress('moved', 'nginx', [address])
  await serve()
  expect(['foreign', 'empty', 'moved'].map(shown)).toEqual([['10.0.0.1'], [], []])
})

test('what somebody else wrote on ours is put right', async () => {
  const { ingress, serve, shown } = await world()
  ingress('web', 'ours', ['10.0.0.1'])
  await serve('web')
  expect(shown('web')).toEqual([address])
})
