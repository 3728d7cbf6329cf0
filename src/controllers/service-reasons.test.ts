import { expect, test } from 'vitest'
import { Events } from '../api/kinds/event.ts'
import { Nodes } from '../api/kinds/node.ts'
import { Pods } from '../api/kinds/pod.ts'
import { Services } from '../api/kinds/service.ts'
import { pod, service, TestCluster } from './fixtures.ts'
import { serviceReasonsController } from './service-reasons.ts'

function start(cluster: TestCluster): void {
  const { clock } = cluster
  const caches = { services: cluster.cache(Services), pods: cluster.cache(Pods), nodes: cluster.cache(Nodes) }
  cluster.run(serviceReasonsController({ ...caches, clock, events: cluster.events.recorder('service-reasons') }))
}

/** `Reason ×count`, in the order of their making. */
async function told(cluster: TestCluster): Promise<readonly string[]> {
  return (await cluster.all(Events)).map(({ reason, count }) => `${reason} ×${count}`)
}

test('one Event for each reason that lasts, and one when all is well again', async () => {
  await using cluster = new TestCluster()
  cluster.addNodes('node-1')
  cluster.client.seed(Services, service())
  start(cluster)
  await cluster.pass(9_000)
  expect(await told(cluster)).toEqual([])
  await cluster.pass(1_500)
  expect(await told(cluster)).toEqual(['SelectorMatchesNoPods ×1'])
  await cluster.pass(600_000)
  expect(await told(cluster)).toEqual(['SelectorMatchesNoPods ×1'])

  cluster.client.seed(Pods, pod({ name: 'a', ip: '10.0.0.1', ready: false }))
  await cluster.pass(10_500)
  expect(await told(cluster)).toEqual(['SelectorMatchesNoPods ×1', 'PodsNotReady ×1'])

  cluster.setPod('a', { ready: true })
  await cluster.pass(5_000)
  expect(await told(cluster)).toEqual(['SelectorMatchesNoPods ×1', 'PodsNotReady ×1'])
  await cluster.pass(5_500)
  expect(await told(cluster)).toEqual(['SelectorMatchesNoPods ×1', 'PodsNotReady ×1', 'EndpointsReady ×1'])
  const [event] = await cluster.all(Events)
  expect(event).toMatchObject({ type: 'Warning', involvedObject: { kind: 'Service', name: 'kubia' } })
})

test('a reason that lasts is told again in the same Event, before that is dropped', async () => {
  await using cluster = new TestCluster()
  cluster.client.seed(Services, service())
  start(cluster)
  await cluster.pass(10_500)
  await cluster.pass(1_800_500)
  expect(await told(cluster)).toEqual(['SelectorMatchesNoPods ×2'])
})

test('a start within seconds is no news', async () => {
  await using cluster = new TestCluster()
  cluster.addNodes('node-1')
  cluster.client.seed(Services, service())
  start(cluster)
  await cluster.pass(5_000)
  cluster.client.seed(Pods, pod({ name: 'a', ip: '10.0.0.1', ready: false }))
  await cluster.pass(6_000)
  cluster.setPod('a', { ready: true })
  await cluster.pass(60_000)
  expect(await told(cluster)).toEqual([])
})

test('Services without a selector, and those that have gone, are not told of', async () => {
  await using cluster = new TestCluster()
  cluster.client.seed(Services, service({ spec: { selector: {} } }), service({ name: 'gone' }))
  start(cluster)
  await cluster.pass(5_000)
  cluster.client.unseed(Services, { namespace: 'default', name: 'gone' })
  await cluster.pass(60_000)
  expect(await told(cluster)).toEqual([])
})

test('of a thousand Services at once, some are told of now, the others in their turn, two a second', async () => {
  await using cluster = new TestCluster()
  cluster.client.seed(Services, ...Array.from({ length: 1000 }, (_, index) => service({ name: `kubia-${index}` })))
  start(cluster)
  await cluster.pass(10_000)
  const first = (await told(cluster)).length
  expect(first).toBeGreaterThanOrEqual(50)
  const { nextTimerMs = 0 } = cluster.clock
  // Nobody comes back before a turn is due.
  expect(nextTimerMs).toBeGreaterThan(0)
  await cluster.pass(5_000)
  const later = (await told(cluster)).length
  expect(later - first).toBeGreaterThanOrEqual(9)
  expect(later - first).toBeLessThanOrEqual(11)
})

test('a pod that is ready for moments only is no news either', async () => {
  await using cluster = new TestCluster()
  cluster.addNodes('node-1')
  cluster.client.seed(Services, service())
  cluster.client.seed(Pods, pod({ name: 'a', ip: '10.0.0.1', ready: false }))
  start(cluster)
  await cluster.pass(10_500)
  for (const ready of [true, false, true, false]) {
    cluster.setPod('a', { ready })
    await cluster.pass(ready ? 2_000 : 20_000)
  }
  expect(await told(cluster)).toEqual(['PodsNotReady ×1'])
})
