import { beforeEach, expect, test, vi } from 'vitest'
import { StatusError } from '../api/errors.ts'
import { Events } from '../api/kinds/event.ts'
import { silentLog, type Log } from '../base/log.ts'
import { ManualClock } from '../base/manual-clock.ts'
import { EventBroadcaster, type Subject } from './event-recorder.ts'
import { MemoryClient } from './memory-client.ts'

const pod: Subject = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { namespace: 'shop', name: 'web', uid: 'u', resourceVersion: '7' },
}
const pulled = { reason: 'Pulled', message: 'image is there' }

let clock: ManualClock
let client: MemoryClient
let events: EventBroadcaster
const warn = vi.fn<Log['warn']>()

beforeEach(() => {
  clock = new ManualClock()
  client = new MemoryClient()
  warn.mockReset()
  events = new EventBroadcaster({ client, clock, log: { ...silentLog, warn } })
})

async function recorded() {
  await events.idle()
  return (await client.list(Events)).items
}

test('an Event has all that kubectl describe shows', async () => {
  events.recorder('kubelet', 'node-1').event(pod, 'Normal', pulled)
  const [event] = await recorded()
  expect(event).toMatchObject({
    metadata: { namespace: 'shop', name: expect.stringMatching(/^web\.[0-9a-f]{16}$/) },
    involvedObject: { apiVersion: 'v1', kind: 'Pod', namespace: 'shop', name: 'web', uid: 'u', resourceVersion: '7' },
    type: 'Normal',
    reason: 'Pulled',
    message: 'image is there',
    source: { component: 'kubelet', host: 'node-1' },
    reportingComponent: 'kubelet',
    reportingInstance: 'node-1',
    firstTimestamp: '2026-01-01T00:00:00Z',
    lastTimestamp: '2026-01-01T00:00:00Z',
    count: 1,
  })
})

test('Events about cluster-scoped objects are in the namespace default', async () => {
  events.recorder('x').event({ apiVersion: 'v1', kind: 'Node', metadata: { name: 'node-1' } }, 'Normal', pulled)
  expect((await recorded()).map(({ metadata }) => metadata.namespace)).toEqual(['default'])
})

test('the same again is counted, what differs is not', async () => {
  const { event } = events.recorder('kubelet')
  event(pod, 'Normal', pulled)
  clock.advance(5_000)
  event(pod, 'Normal', pulled)
  event(pod, 'Warning', pulled)
  event({ ...pod, metadata: { ...pod.metadata, uid: 'other' } }, 'Normal', pulled)
  const all = await recorded()
  expect(all.map(({ count }) => count)).toEqual([2, 1, 1])
  expect(all[0]).toMatchObject({ firstTimestamp: '2026-01-01T00:00:00Z', lastTimestamp: '2026-01-01T00:00:05Z' })
})

test('an Event about a part of an object names it, and is not one about another part', async () => {
  const { event } = events.recorder('kubelet')
  for (const fieldPath of ['spec.containers{a}', 'spec.containers{b}']) event({ ...pod, fieldPath }, 'Normal', pulled)
  expect((await recorded()).map(({ involvedObject, count }) => [involvedObject.fieldPath, count])).toEqual([
    ['spec.containers{a}', 1],
    ['spec.containers{b}', 1],
  ])
})

test('one that has been removed is made anew', async () => {
  const { event } = events.recorder('kubelet')
  event(pod, 'Normal', pulled)
  const [first] = await recorded()
  client.unseed(Events, first?.metadata ?? { name: '' })
  event(pod, 'Normal', pulled)
  expect((await recorded()).map(({ count }) => count)).toEqual([1])
})

test('many that differ in text only are combined, and the flow about one object is bounded', async () => {
  const { event } = events.recorder('kubelet')
  for (let at = 0; at < 40; at += 1) event(pod, 'Warning', { reason: 'Failed', message: `attempt ${at}` })
  const all = await recorded()
  expect(all).toHaveLength(10)
  expect(all.at(-1)).toMatchObject({ count: 16, message: '(combined from similar events): attempt 24' })
  clock.advance(300_000)
  event(pod, 'Warning', { reason: 'Failed', message: 'later' })
  event(pod, 'Warning', { reason: 'Failed', message: 'too soon' })
  expect((await recorded()).at(-1)).toMatchObject({ count: 17, message: '(combined from similar events): later' })
})

test('a failure is logged, never thrown, and does not stop the next', async () => {
  client.failNext('create', Events, new StatusError(403, 'Forbidden', 'namespace is going'))
  const { event } = events.recorder('kubelet')
  event(pod, 'Normal', pulled)
  event(pod, 'Normal', { ...pulled, message: 'next' })
  expect((await recorded()).map(({ message }) => message)).toEqual(['next'])
  expect(warn).toHaveBeenCalledWith(expect.objectContaining({ reason: 'Pulled' }), 'event not recorded')
})

test('too many at once are dropped and logged', async () => {
  const { event } = events.recorder('kubelet')
  const about = (at: number) => ({ ...pod, metadata: { ...pod.metadata, name: `web-${at}`, uid: `${at}` } })
  for (let at = 0; at < 1_100; at += 1) event(about(at), 'Normal', pulled)
  expect((await recorded()).length).toBeLessThan(1_100)
  expect(warn).toHaveBeenCalledWith(expect.anything(), 'event dropped: too many wait')
})
