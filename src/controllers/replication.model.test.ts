import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { Pods, type Pod } from '../api/kinds/pod.ts'
import { ReplicationControllers, type ReplicationController } from '../api/kinds/replication-controller.ts'
import type { ObjectKey } from '../api/object.ts'
import { ConnectionError } from '../client/client.ts'
import { pod, replicationController as rc } from './fixtures.ts'
import { LaggingCache, LaggingServer } from './lagging-server.ts'
import { isActive } from './pod-status.ts'
import { replicationController } from './replication.ts'

const key: ObjectKey = 'default/kubia'

/** A server with one ReplicationController and what it has made. */
class TestServer extends LaggingServer {
  readonly controllers: LaggingCache<ReplicationController>
  readonly pods: LaggingCache<Pod>
  /** The most pods of the controller that ever were there at once. */
  most = 0

  constructor(replicas: number) {
    super()
    this.seed(ReplicationControllers, rc(replicas))
    this.controllers = new LaggingCache(this, ReplicationControllers)
    this.pods = new LaggingCache(this, Pods)
    this.onChange(Pods, () => (this.most = Math.max(this.most, this.active().length)))
  }

  active(): Pod[] {
    const uid = this.controllers.get(key)?.metadata.uid
    return this.peekAll(Pods).filter(
      (each) => isActive(each) && each.metadata.ownerReferences?.some((owner) => owner.uid === uid),
    )
  }

  change(name: string, next: (present: Pod) => Pod | undefined): void {
    const previous = this.peek(Pods, `default/${name}`)
    if (previous === undefined) return
    const changed = next(previous)
    if (changed === undefined) this.unseed(Pods, { namespace: 'default', name })
    else this.seed(Pods, changed)
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

function apply(server: TestServer, step: CacheStep | PodStep): void {
  if (!('which' in step)) return step.type === 'deliver' ? server.pods.deliver() : server.pods.relist()
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
      const server = new TestServer(replicas)
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
        server.pods.catchUp()
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
function start(server: TestServer): () => Promise<unknown> {
  const controller = replicationController({
    client: server,
    replicationControllers: server.controllers,
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
