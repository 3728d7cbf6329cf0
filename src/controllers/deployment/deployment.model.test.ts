import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { StatusError } from '../../api/errors.ts'
import { Deployments, type Deployment } from '../../api/kinds/deployment.ts'
import { Pods, type Pod } from '../../api/kinds/pod.ts'
import { ReplicaSets, type ReplicaSet } from '../../api/kinds/replica-set.ts'
import { keyOf, type ObjectKey } from '../../api/object.ts'
import type { Controller } from '../../client/controller.ts'
import { LaggingCache, LaggingServer } from '../lagging-server.ts'
import { isActive, isReady } from '../pod-status.ts'
import { replicaSetController } from '../replica-set.ts'
import { deploymentController } from './deployment.ts'
import { deployment, rollingUpdate, template } from './fixtures.ts'
import { rolloutLimits } from './limits.ts'

const target = { namespace: 'default', name: 'kubia' }
const key: ObjectKey = 'default/kubia'

type Resourced = 'deployments' | 'sets' | 'pods'

/** Both controllers as they run in one process: over the same caches, each key by one reconcile at a time. */
class Process {
  readonly #server: LaggingServer
  readonly #ending = new AbortController()
  readonly #deployments: Controller
  readonly #sets: Controller
  readonly #running = new Map<string, Promise<void>>()
  readonly caches: {
    readonly deployments: LaggingCache<Deployment>
    readonly sets: LaggingCache<ReplicaSet>
    readonly pods: LaggingCache<Pod>
  }

  constructor(server: LaggingServer) {
    this.#server = server
    const deployments = new LaggingCache(server, Deployments)
    const replicaSets = new LaggingCache(server, ReplicaSets)
    const pods = new LaggingCache(server, Pods)
    this.caches = { deployments, sets: replicaSets, pods }
    const deps = { client: server, clock: server.clock, events: { event() {} }, replicaSets, pods }
    this.#deployments = deploymentController({ ...deps, deployments })
    this.#sets = replicaSetController(deps)
    for (const { wakesOn } of [this.#deployments, this.#sets]) for (const source of wakesOn) source.subscribe(() => {})
  }

  reconcileDeployment(): Promise<void> {
    return this.#reconcile(this.#deployments, key)
  }

  /** One of the ReplicaSets that are known. */
  reconcileSet(which: number): Promise<void> {
    const sets = this.caches.sets.list().toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1))
    const set = sets[which % Math.max(1, sets.length)]
    return set === undefined ? Promise.resolve() : this.#reconcile(this.#sets, keyOf(set))
  }

  async reconcileAll(): Promise<void> {
    for (const cache of Object.values(this.caches)) cache.catchUp()
    await this.reconcileDeployment()
    for (const cache of Object.values(this.caches)) cache.catchUp()
    for (const set of this.caches.sets.list()) await this.#reconcile(this.#sets, keyOf(set))
  }

  /** What has been asked and has not arrived never does. */
  end(): void {
    this.#ending.abort()
  }

  get hasEnded(): boolean {
    return this.#running.size === 0
  }

  /** Fails as the runner lets it: a conflict with what another wrote is tried again later. */
  #reconcile(controller: Controller, of: ObjectKey): Promise<void> {
    const id = `${controller.name} ${of}`
    const present = this.#running.get(id)
    if (present !== undefined) return present
    const { signal } = this.#ending
    const run = controller
      .reconcile(of, signal)
      .then(() => {})
      .catch((error: unknown) => {
        if (!signal.aborted && !(error instanceof StatusError)) throw error
      })
      .finally(() => this.#running.delete(id))
    this.#running.set(id, run)
    return run
  }

  get isIdle(): boolean {
    return this.#running.size === 0 && Object.values(this.caches).every(({ hasNews }) => !hasNews)
  }

  get server(): LaggingServer {
    return this.#server
  }
}

interface Watched {
  /** The most pods that were there at once, but those on their way out. */
  most: number
  /** The fewest available pods that were left after the controllers took one. */
  least: number
}

function watch(server: LaggingServer): Watched {
  const watched = { most: 0, least: Infinity }
  server.onChange(Pods, (_, next) => {
    const active = server.peekAll(Pods).filter(isActive)
    watched.most = Math.max(watched.most, active.length)
    if (next === undefined) watched.least = Math.min(watched.least, active.filter(isReady).length)
  })
  return watched
}

function makeReady(server: LaggingServer, pod: Pod | undefined): void {
  if (pod === undefined || isReady(pod)) return
  const conditions = [{ type: 'Ready', status: 'True', lastTransitionTime: '2026-01-01T00:00:00Z' }]
  server.seed(Pods, { ...pod, spec: { ...pod.spec, nodeName: 'node-1' }, status: { phase: 'Running', conditions } })
}

/** Lets everything happen at once, until nothing more does. */
async function settle(process: Process): Promise<void> {
  const { server } = process
  for (let quietRounds = 0, rounds = 0; quietRounds < 3; rounds += 1) {
    if (rounds > 300) throw new Error('does not come to rest')
    const before = server.writes.length
    // Long enough for what was lost in a relist to be asked for.
    server.clock.advance(6_000)
    await process.reconcileAll()
    for (const pod of server.peekAll(Pods)) makeReady(server, pod)
    quietRounds = server.writes.length === before && process.isIdle ? quietRounds + 1 : 0
  }
}

type Step =
  | { readonly type: 'reconcile' }
  | { readonly type: 'answer' }
  | { readonly type: 'restart' }
  | { readonly type: 'reconcile set' | 'ready' | 'lose' | 'template' | 'scale'; readonly which: number }
  | { readonly type: 'deliver' | 'relist'; readonly resource: Resourced }
  | { readonly type: 'refuse'; readonly verb: 'create' | 'delete' }
  | { readonly type: 'pause'; readonly paused: boolean }

const resource = fc.constantFrom<Resourced>('deployments', 'sets', 'pods')
const which = fc.nat(7)
const oneOf = <const T extends Step['type']>(type: T) => ({ type: fc.constant(type) })

/** What goes on in a rollout; nobody but the controllers takes pods, and the number of replicas stays. */
const rolling: fc.WeightedArbitrary<Step>[] = [
  { weight: 6, arbitrary: fc.record(oneOf('reconcile')) },
  { weight: 8, arbitrary: fc.record({ ...oneOf('reconcile set'), which }) },
  { weight: 16, arbitrary: fc.record(oneOf('answer')) },
  { weight: 12, arbitrary: fc.record({ ...oneOf('deliver'), resource }) },
  { weight: 1, arbitrary: fc.record({ ...oneOf('relist'), resource }) },
  { weight: 6, arbitrary: fc.record({ ...oneOf('ready'), which }) },
  { weight: 1, arbitrary: fc.record({ ...oneOf('template'), which }) },
  { weight: 1, arbitrary: fc.record({ ...oneOf('refuse'), verb: fc.constantFrom('create' as const, 'delete' as const) }) },
  { weight: 1, arbitrary: fc.record(oneOf('restart')) },
]

/** Whatever else may happen on the way. */
const troubled: fc.WeightedArbitrary<Step>[] = [
  ...rolling,
  { weight: 2, arbitrary: fc.record({ ...oneOf('lose'), which }) },
  { weight: 2, arbitrary: fc.record({ ...oneOf('scale'), which }) },
  { weight: 1, arbitrary: fc.record({ ...oneOf('pause'), paused: fc.boolean() }) },
]

const plans = (steps: fc.WeightedArbitrary<Step>[]) =>
  fc.array(fc.oneof(...steps), { minLength: 60, maxLength: 200, size: 'max' })
const counts = fc.record({
  replicas: fc.integer({ min: 1, max: 6 }),
  maxSurge: fc.nat(3),
  maxUnavailable: fc.nat(3),
})
const strategies = fc.oneof(
  counts.map(({ replicas, maxSurge, maxUnavailable }) => ({ replicas, strategy: rollingUpdate(maxSurge, maxUnavailable) })),
  fc.record({ replicas: fc.integer({ min: 0, max: 6 }), strategy: fc.constant({ type: 'Recreate' as const }) }),
)

/** The Deployment has been rolled out before; then a new template is there, and the plan is gone through. */
async function run(
  scheduler: fc.Scheduler,
  { replicas, strategy }: { replicas: number; strategy: Deployment['spec']['strategy'] },
  plan: readonly Step[],
): Promise<{ server: LaggingServer; watched: Watched }> {
  const server = new LaggingServer()
  server.seed(Deployments, deployment({ replicas, text: 'v0', spec: { ...(strategy && { strategy }), revisionHistoryLimit: 1 } }))
  let process = new Process(server)
  await settle(process)
  const watched = watch(server)
  await edit(server, { template: template('v1') })
  server.attach(scheduler)

  for (const step of plan) {
    if (step.type === 'answer') await goOn(scheduler)
    else if (step.type === 'restart') {
      process.end()
      while (!process.hasEnded) await goOn(scheduler)
      process = new Process(server)
    } else await take(process, step)
    await new Promise(setImmediate)
  }
  server.detach()
  await scheduler.waitAll()
  await edit(server, { paused: false })
  await settle(process)
  return { server, watched }
}

async function goOn(scheduler: fc.Scheduler): Promise<void> {
  if (scheduler.count() > 0) await scheduler.waitOne()
  await new Promise(setImmediate)
}

async function take(process: Process, step: Exclude<Step, { type: 'answer' | 'restart' }>): Promise<void> {
  const { server, caches } = process
  const pods = server.peekAll(Pods)
  switch (step.type) {
    case 'reconcile':
      return void process.reconcileDeployment()
    case 'reconcile set':
      return void process.reconcileSet(step.which)
    case 'deliver':
      return caches[step.resource].deliver()
    case 'relist':
      return caches[step.resource].relist()
    case 'ready':
      return makeReady(server, pods[step.which % Math.max(1, pods.length)])
    case 'lose': {
      const pod = pods[step.which % Math.max(1, pods.length)]
      return pod === undefined ? undefined : server.unseed(Pods, pod.metadata)
    }
    case 'template':
      return edit(server, { template: template(`v${step.which % 4}`) })
    case 'scale':
      return edit(server, { replicas: step.which })
    case 'refuse':
      return server.failNext(step.verb, Pods, new StatusError(500, 'InternalError', 'not now'))
    case 'pause':
      return edit(server, { paused: step.paused })
    default:
      return step satisfies never
  }
}

/** As a user does, at once. */
async function edit(server: LaggingServer, spec: Partial<Deployment['spec']>): Promise<void> {
  const present = server.peek(Deployments, key)
  if (present === undefined) throw new Error('no Deployment')
  const { generation = 0 } = present.metadata
  const metadata = { ...present.metadata, ...target, generation: generation + 1 }
  server.seed(Deployments, { ...present, metadata, spec: { ...present.spec, ...spec } })
}

/** What a rollout comes to in the end, and what it should. */
function outcome(server: LaggingServer) {
  const present = server.peek(Deployments, key)
  if (present === undefined) throw new Error('no Deployment')
  const { spec: { replicas = 1, template: wanted }, status = {} } = present
  const texts = server.peekAll(ReplicaSets).map(({ spec }) => textOf(spec.template))
  const { observedGeneration, updatedReplicas = 0, availableReplicas = 0, collisionCount, conditions } = status
  return {
    is: {
      pods: server.peekAll(Pods).map(textOf),
      doubles: texts.length - new Set(texts).size,
      hasHistory: texts.length <= 2,
      collisionCount,
      counts: [observedGeneration, updatedReplicas, availableReplicas],
      progress: conditions?.find(({ type }) => type === 'Progressing')?.reason,
    },
    should: {
      pods: Array.from({ length: replicas }, () => textOf(wanted)),
      doubles: 0,
      hasHistory: true,
      collisionCount: undefined,
      counts: [present.metadata.generation, replicas, replicas],
      progress: 'NewReplicaSetAvailable',
    },
  }
}

function textOf({ spec }: Pick<Pod, 'spec'> | Deployment['spec']['template']): string | undefined {
  return spec?.containers[0]?.env?.[0]?.value
}

test('a rolling update keeps its limits, however late everything comes, and arrives', async () => {
  await fc.assert(
    fc.asyncProperty(fc.scheduler(), counts, plans(rolling), async (scheduler, { replicas, maxSurge, maxUnavailable }, plan) => {
      const strategy = rollingUpdate(maxSurge, maxUnavailable)
      const limits = rolloutLimits(deployment({ replicas, spec: { strategy } }).spec)
      const { server, watched } = await run(scheduler, { replicas, strategy }, plan)
      expect(watched.most).toBeLessThanOrEqual(replicas + limits.maxSurge)
      expect(watched.least).toBeGreaterThanOrEqual(replicas - limits.maxUnavailable)
      const { is, should } = outcome(server)
      expect(is).toEqual(should)
    }),
    { numRuns: 100 },
  )
})

test('a rollout arrives, with nothing made twice, whatever comes in between', async () => {
  await fc.assert(
    fc.asyncProperty(fc.scheduler(), strategies, plans(troubled), async (scheduler, start, plan) => {
      const { is, should } = outcome((await run(scheduler, start, plan)).server)
      expect(is).toEqual(should)
    }),
    { numRuns: 100 },
  )
})
