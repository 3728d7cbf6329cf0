import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { Pods, type Pod } from '../api/kinds/pod.ts'
import { ReplicationControllers, type ReplicationController } from '../api/kinds/replication-controller.ts'
import { keyOf, type KubeObject, type ObjectKey } from '../api/object.ts'
import { silentLog } from '../base/log.ts'
import { ManualClock } from '../base/manual-clock.ts'
import { ConnectionError } from '../client/client.ts'
import { LiveCache } from '../client/live-cache.ts'
import { MemoryClient } from '../client/memory-client.ts'
import type { MemoryVerb } from '../client/memory-client.ts'
import { changesTo } from '../client/object-index.ts'
import { pod, replicationController as rc } from './fixtures.ts'
import { isActive } from './pod-status.ts'
import { replicationController } from './replication.ts'

const key: ObjectKey = 'default/kubia'

/**
 * A server whose answers and whose watch are held back as fast-check decides: a write takes effect at one moment, its
 * caller learns of it at another, and the cache at a third.
 */
class LaggingServer extends MemoryClient {
  readonly clock = new ManualClock()
  readonly pods = new LiveCache<Pod>(silentLog)
  readonly controllers = new LiveCache<ReplicationController>(silentLog)
  /** What the cache of pods has not been shown yet. */
  readonly #news: { previous: Pod | undefined; next: Pod | undefined }[] = []
  #scheduler: fc.Scheduler | undefined
  /** The most pods of the controller that ever were there at once. */
  most = 0

  attach(scheduler: fc.Scheduler): void {
    this.#scheduler = scheduler
  }

  detach(): void {
    this.#scheduler = undefined
  }

  get hasNews(): boolean {
    return this.#news.length > 0
  }

  active(): Pod[] {
    const uid = this.controllers.get(key)?.metadata.uid
    return this.#all().filter(
      (each) => isActive(each) && each.metadata.ownerReferences?.some((owner) => owner.uid === uid),
    )
  }

  /** Shows the cache the next change. */
  deliver(): void {
    const news = this.#news.shift()
    if (news !== undefined) this.pods.apply(changesTo(news.previous, news.next))
  }

  /** As a relist does: shows the cache the present state, without what came and went in between. */
  relist(): void {
    this.#news.length = 0
    const present = new Map(this.#all().map((each) => [keyOf(each), each]))
    const keys = new Set([...present.keys(), ...this.pods.index.keys()])
    for (const each of keys) this.pods.apply(changesTo(this.pods.get(each), present.get(each)))
  }

  change(name: string, next: (present: Pod) => Pod | undefined): void {
    const previous = this.peek(Pods, `default/${name}`)
    if (previous === undefined) return
    const changed = next(previous)
    if (changed === undefined) this.unseed(Pods, { namespace: 'default', name })
    else this.seed(Pods, changed)
    this.#news.push({ previous, next: this.peek(Pods, `default/${name}`) })
  }

  override create: MemoryClient['create'] = (...args) => this.#delayed('create', () => super.create(...args))
  override patch: MemoryClient['patch'] = (...args) => this.#delayed('patch', () => super.patch(...args))
  override get: MemoryClient['get'] = (...args) => this.#delayed('get', () => super.get(...args))
  override delete: MemoryClient['delete'] = (...args) => this.#delayed('delete', () => super.delete(...args))

  async #delayed<T>(verb: MemoryVerb, call: () => Promise<T>): Promise<T> {
    await this.#scheduler?.schedule(Promise.resolve(), `${verb} arrives`)
    const before = new Map(this.#all().map((each) => [keyOf(each), each]))
    // The write takes effect within the call; only its answer comes later.
    const answer = call()
    for (const each of this.#all()) {
      if (before.get(keyOf(each))?.metadata.resourceVersion !== each.metadata.resourceVersion) {
        this.#news.push({ previous: before.get(keyOf(each)), next: each })
      }
      before.delete(keyOf(each))
    }
    for (const previous of before.values()) this.#news.push({ previous, next: undefined })
    this.most = Math.max(this.most, this.active().length)
    const result = await answer
    await this.#scheduler?.schedule(Promise.resolve(), `${verb} is answered`)
    return result
  }

  #all(): Pod[] {
    return this.#names.flatMap((name) => this.peek(Pods, name) ?? [])
  }

  get #names(): readonly ObjectKey[] {
    return [...new Set(this.calls.flatMap(({ resource, key: name }) => (resource === 'pods' ? [name] : [])))]
  }
}

interface PodStep {
  readonly type: 'lose' | 'terminate' | 'ready' | 'relabel'
  readonly which: number
}

interface CacheStep {
  readonly type: 'deliver' | 'relist'
}

const steps = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: fc.record({ type: fc.constant('reconcile' as const) }) },
    { weight: 8, arbitrary: fc.record({ type: fc.constant('answer' as const) }) },
    { weight: 4, arbitrary: fc.record({ type: fc.constant('deliver' as const) }) },
    { weight: 1, arbitrary: fc.record({ type: fc.constant('relist' as const) }) },
    {
      weight: 2,
      arbitrary: fc.record({
        type: fc.constantFrom('lose' as const, 'terminate' as const, 'ready' as const, 'relabel' as const),
        which: fc.nat(5),
      }),
    },
  ),
  { minLength: 10, maxLength: 60, size: 'max' },
)

function apply(server: LaggingServer, step: CacheStep | PodStep): void {
  if (!('which' in step)) return step.type === 'deliver' ? server.deliver() : server.relist()
  const active = server.active()
  const { name } = active[step.which % Math.max(1, active.length)]?.metadata ?? { name: '' }
  server.change(name, (present) => changed(present, step))
}

function changed(present: Pod, step: PodStep): Pod | undefined {
  switch (step.type) {
    case 'lose':
      return undefined
    case 'terminate':
      return { ...present, metadata: { ...present.metadata, deletionTimestamp: '2026-01-01T00:00:01Z' } }
    case 'relabel':
      return { ...present, metadata: { ...present.metadata, labels: { app: 'debug' } } }
    case 'ready':
      return { ...present, status: pod().status ?? {} }
    default:
      return step.type satisfies never
  }
}

test('never makes more pods than it is asked for, however late the cache, and arrives at that number', async () => {
  await fc.assert(
    fc.asyncProperty(fc.scheduler(), fc.integer({ min: 1, max: 4 }), steps, async (scheduler, replicas, plan) => {
      const server = new LaggingServer()
      const [stored] = server.seed(ReplicationControllers, rc(replicas))
      if (stored === undefined) throw new Error('not seeded')
      server.controllers.apply(changesTo(undefined, stored))
      const controller = start(server)
      server.attach(scheduler)

      let reconciling: Promise<unknown> = Promise.resolve()
      let busy = false
      for (const step of plan) {
        if (step.type === 'answer') {
          if (scheduler.count() > 0) await scheduler.waitOne()
        } else if (step.type !== 'reconcile') apply(server, step)
        else if (!busy) {
          busy = true
          reconciling = controller().finally(() => (busy = false))
        }
        await new Promise(setImmediate)
      }
      server.detach()
      await scheduler.waitAll()
      await reconciling

      for (let round = 0; round < 10; round += 1) {
        while (server.hasNews) server.deliver()
        // Long enough for what was lost in a relist to be asked for.
        server.clock.advance(6_000)
        await controller()
      }
      expect(server.most).toBeLessThanOrEqual(replicas)
      expect(server.active()).toHaveLength(replicas)
    }),
    { numRuns: 300 },
  )
})

/** One reconcile at a time, failing as the runner lets it: a conflict with what another wrote is tried again later. */
function start(server: LaggingServer): () => Promise<unknown> {
  const controller = replicationController({
    client: server,
    replicationControllers: server.controllers as LiveCache<ReplicationController & KubeObject>,
    pods: server.pods,
    events: { event() {} },
    clock: server.clock,
  })
  for (const source of controller.wakesOn) source.subscribe(() => {})
  const { signal } = new AbortController()
  return async () => {
    try {
      await controller.reconcile(key, signal)
    } catch (error) {
      if (error instanceof ConnectionError || !(error instanceof Error) || error.name !== 'StatusError') throw error
    }
  }
}
