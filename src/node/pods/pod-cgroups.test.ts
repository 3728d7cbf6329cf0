import { afterEach, beforeEach, expect, test } from 'vitest'
import { Pods, type Pod } from '../../api/kinds/pod.ts'
import { atRest } from '../../base/at-rest.ts'
import { silentLog } from '../../base/log.ts'
import { ManualClock } from '../../base/manual-clock.ts'
import { informer } from '../../client/informer.ts'
import { MemoryClient } from '../../client/memory-client.ts'
import { runControllers } from '../../client/run-controllers.ts'
import { FakeCgroups } from '../../kernel/fake-cgroups.ts'
import { podCgroups } from './pod-cgroups.ts'
import { testPod } from './test-pods.ts'

let client: MemoryClient
let cgroups: FakeCgroups
let stop: AbortController
let running: Promise<void>

beforeEach(() => {
  client = new MemoryClient()
  cgroups = new FakeCgroups()
  stop = new AbortController()
  const scope = { clock: new ManualClock(), log: silentLog, signal: stop.signal }
  const pods = informer(client, Pods, { ...scope, random: () => 0.5 })
  running = runControllers([podCgroups({ pods, cgroups, cgroupRoot: '/pods' })], scope)
})
afterEach(async () => {
  stop.abort()
  await running
})

/** A burstable pod that asks for processors, and whether its sandbox is there. */
function asking(name: string, cpu: string, hasSandbox: boolean): Pod {
  const conditions = [{ type: 'PodReadyToStartContainers', status: hasSandbox ? 'True' : 'False' }]
  return testPod({
    metadata: { name, uid: name },
    spec: { containers: [{ name: 'app', image: 'kubia', resources: { requests: { cpu } } }] },
    status: { conditions },
  })
}

const sharesOf = (path: string) => cgroups.limits.get(path)?.cpuShares

test('a pod gets its part when its sandbox is there, and those of its sort theirs together', async () => {
  for (const name of ['a', 'b']) await cgroups.create(`/pods/burstable/pod${name}`)
  client.seed(Pods, asking('a', '500m', false), asking('b', '1', true))
  await atRest()
  expect(sharesOf('/pods/burstable/poda')).toBeUndefined()
  expect(sharesOf('/pods/burstable/podb')).toBe(1024)
  client.seed(Pods, asking('a', '500m', true))
  await atRest()
  expect(sharesOf('/pods/burstable/poda')).toBe(512)
  expect(sharesOf('/pods/burstable')).toBe(1536)
})

test.each([
  ['goes', () => client.delete(Pods, { namespace: 'default', name: 'a' })],
  ['ends', async () => client.seed(Pods, { ...asking('a', '500m', true), status: { phase: 'Succeeded' } })],
])('when a pod %s, the others of its sort weigh less', async (_, end) => {
  for (const name of ['a', 'b']) await cgroups.create(`/pods/burstable/pod${name}`)
  client.seed(Pods, asking('a', '500m', true), asking('b', '1', true))
  await atRest()
  expect(sharesOf('/pods/burstable')).toBe(1536)
  await end()
  await atRest()
  expect(sharesOf('/pods/burstable')).toBe(1024)
})

test('pods that ask for nothing get the least', async () => {
  await cgroups.create('/pods/besteffort/poda')
  client.seed(Pods, { ...asking('a', '0', true), spec: testPod().spec })
  await atRest()
  expect(cgroups.limits.get('/pods/besteffort')).toEqual({ cpuShares: 2, cpuQuotaMicros: 0, memoryBytes: 0 })
})
