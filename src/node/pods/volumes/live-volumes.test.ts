import { readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { ConfigMaps } from '../../../api/kinds/config-map.ts'
import { Pods, type Pod } from '../../../api/kinds/pod.ts'
import { Secrets } from '../../../api/kinds/secret.ts'
import { atRest } from '../../../base/at-rest.ts'
import { silentLog } from '../../../base/log.ts'
import { ManualClock } from '../../../base/manual-clock.ts'
import { Turns } from '../../../base/turns.ts'
import { informer } from '../../../client/informer.ts'
import { MemoryClient } from '../../../client/memory-client.ts'
import { runControllers } from '../../../client/run-controllers.ts'
import { nodePaths } from '../paths.ts'
import { apiSources } from '../sources.ts'
import { scratchDirectory, testPod } from '../test-pods.ts'
import { liveVolumes } from './live-volumes.ts'
import { prepareVolumes, removeVolumes, volumePath } from './volumes.ts'

const facts = { hostIP: '192.168.99.11', podIP: '', allocatable: { cpu: 2, memory: 2 ** 33, 'ephemeral-storage': 2 ** 36 } }
const base64 = (text: string) => Buffer.from(text).toString('base64')

const pod = testPod({
  metadata: { labels: { tier: 'front' } },
  spec: {
    volumes: [
      { name: 'settings', configMap: { name: 'settings' } },
      { name: 'maybe', secret: { secretName: 'keys', optional: true } },
      { name: 'all', projected: { sources: [{ configMap: { name: 'settings' } }, { secret: { name: 'keys', optional: true } }] } },
      { name: 'about', downwardAPI: { items: [{ path: 'labels', fieldRef: { fieldPath: 'metadata.labels' } }] } },
    ],
  },
})

/** A node with one pod whose volumes are set up, and what keeps them up to date. */
class World {
  readonly clock = new ManualClock()
  readonly client = new MemoryClient({ now: () => this.clock.now() })
  readonly events: string[] = []
  readonly stop = new AbortController()
  readonly scratch: Awaited<ReturnType<typeof scratchDirectory>>
  readonly deps: Parameters<typeof prepareVolumes>[1]
  running: Promise<void> | undefined

  constructor(scratch: Awaited<ReturnType<typeof scratchDirectory>>) {
    this.scratch = scratch
    const tmpfs = { mount: async () => {}, unmountUnder: async () => {} }
    this.deps = { paths: nodePaths(scratch.path), tmpfs, volumeTurns: new Turns() }
  }

  sources() {
    return apiSources(this.client, this.clock)
  }

  async begin(): Promise<void> {
    const [problem] = await prepareVolumes({ pod, sources: this.sources(), facts }, this.deps)
    if (problem !== undefined) throw problem
    const { client, clock, stop } = this
    const scope = { client, clock, log: silentLog, signal: stop.signal }
    const pods = informer(client, Pods, { ...scope, random: () => 0.5 })
    const event = (_: unknown, type: string, { reason, message }: { reason: string; message: string }) =>
      void this.events.push(`${type} ${reason} ${message}`)
    const controller = liveVolumes({ ...this.deps, ...scope, pods, sources: this.sources(), events: { event }, facts: () => facts })
    this.running = runControllers([controller], scope)
    await atRest()
  }

  async end(): Promise<void> {
    this.stop.abort()
    await this.running
    await this.scratch[Symbol.asyncDispose]()
  }

  directory(volume: string): string {
    const spec = pod.spec.volumes?.find(({ name }) => name === volume)
    if (spec === undefined) throw new Error(`no volume ${volume}`)
    return volumePath(pod, spec, this.deps.paths)
  }

  read(volume: string, file: string): Promise<string> {
    return readFile(join(this.directory(volume), file), 'utf8')
  }

  async setSettings(mode: string): Promise<void> {
    this.client.seed(ConfigMaps, { metadata: { namespace: 'default', name: 'settings' }, data: { mode } })
    await atRest()
  }
}

let world: World
beforeEach(async () => {
  world = new World(await scratchDirectory())
  await world.setSettings('slow')
  world.client.seed(Pods, pod)
  await world.begin()
})
afterEach(() => world.end())

test('a ConfigMap that changes changes the files made of it', async () => {
  expect(await world.read('settings', 'mode')).toBe('slow')
  await world.setSettings('fast')
  expect(await world.read('settings', 'mode')).toBe('fast')
  expect(await world.read('all', 'mode')).toBe('fast')
})

test('an optional Secret that comes later brings its files, and takes them away', async () => {
  world.client.seed(Secrets, { metadata: { namespace: 'default', name: 'keys' }, data: { key: base64('k') } })
  await atRest()
  expect(await world.read('maybe', 'key')).toBe('k')
  expect(await world.read('all', 'key')).toBe('k')
  await world.client.delete(Secrets, { namespace: 'default', name: 'keys' })
  await atRest()
  await expect(world.read('maybe', 'key')).rejects.toThrow('ENOENT')
})

test('labels that change change the files that tell of them', async () => {
  expect(await world.read('about', 'labels')).toBe('tier="front"')
  world.client.seed(Pods, { ...pod, metadata: { ...pod.metadata, labels: { tier: 'back' } } })
  await atRest()
  expect(await world.read('about', 'labels')).toBe('tier="back"')
})

test('a ConfigMap that goes is told of, and the files stay', async () => {
  await world.client.delete(ConfigMaps, { namespace: 'default', name: 'settings' })
  await atRest()
  expect(world.events).toContain('Warning FailedMount MountVolume.SetUp failed for volume "settings" : configmap "settings" not found')
  expect(await world.read('settings', 'mode')).toBe('slow')
})

test('for a pod that goes nothing is said to be missing', async () => {
  const deletionTimestamp = '2026-01-01T00:00:00Z'
  world.client.seed(Pods, { ...pod, metadata: { ...pod.metadata, deletionTimestamp, deletionGracePeriodSeconds: 30 } })
  await world.client.delete(ConfigMaps, { namespace: 'default', name: 'settings' })
  await atRest()
  expect(world.events).toEqual([])
})

test('what is removed is not made again', async () => {
  await removeVolumes(pod.metadata.uid, world.deps)
  await world.setSettings('fast')
  expect(await readdir(world.deps.paths.data)).toEqual([])
})

test.each([
  ['is gone', () => world.client.delete(Pods, { namespace: 'default', name: 'web' })],
  ['has ended', async () => world.client.seed(Pods, { ...pod, status: { phase: 'Succeeded' } } as Pod)],
])('nothing is watched for a pod that %s', async (_, end) => {
  // The pods, the ConfigMap and the Secret.
  expect(world.client.watchCount).toBe(3)
  await end()
  await atRest()
  expect(world.client.watchCount).toBe(1)
})
