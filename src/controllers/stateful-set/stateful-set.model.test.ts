import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { ControllerRevisions } from '../../api/kinds/controller-revision.ts'
import { Pods, type Pod } from '../../api/kinds/pod.ts'
import { StatefulSets, type StatefulSet } from '../../api/kinds/stateful-set.ts'
import { LaggingCache, LaggingServer } from '../lagging-server.ts'
import { accidents, PodAgents, type Accident } from '../pod-agents.ts'
import { isReady, isTerminating } from '../pod-status.ts'
import { statefulSet, templateOfImage } from '../set-fixtures.ts'
import { SteppedController } from '../stepped-controller.ts'
import { SteppedTrial, stepsWith } from '../stepped-trial.ts'
import { statefulSetController } from './stateful-set.ts'

type Spec = Partial<StatefulSet['spec']>

/** Deleted pods stay until an agent ends them. */
const templateOf = (image: string) => ({
  ...templateOfImage(image),
  metadata: { labels: { app: 'kubia' }, finalizers: ['test/agent'] },
})

type Wish = 'scale' | 'template'
const wishes: Record<Wish, number> = { scale: 1, template: 1 }

/** A set with its controller, and agents that make pods ready and end those that are going. */
class Trial {
  readonly server = new LaggingServer()
  readonly steps: SteppedTrial<Wish | Accident>
  readonly #agents = new PodAgents(this.server)

  constructor(scheduler: fc.Scheduler, spec: Spec) {
    const { server } = this
    server.seed(StatefulSets, statefulSet({ template: templateOf('v0'), ...spec }))
    const caches = {
      statefulSets: new LaggingCache(server, StatefulSets),
      controllerRevisions: new LaggingCache(server, ControllerRevisions),
      pods: new LaggingCache(server, Pods),
    }
    const deps = { client: server, ...caches, events: { event() {} }, clock: server.clock }
    this.steps = new SteppedTrial<Wish | Accident>({
      scheduler,
      server,
      caches: Object.values(caches),
      controller: new SteppedController('default/web', () => statefulSetController(deps)),
      run: (which) => this.#agents.work(which),
      happen: (event, which) => this.#happen(event, which),
    })
  }

  /** Tells of each pod that is created, and that is asked to go, at the moment when it happens. */
  watch(tell: (verb: 'create' | 'delete', ordinal: number) => void): void {
    this.server.onChange(Pods, (previous, next) => {
      const ordinal = Number(next?.metadata.name.split('-').at(-1))
      if (next !== undefined && previous === undefined) tell('create', ordinal)
      if (previous !== undefined && !isTerminating(previous) && isGoing(next)) tell('delete', ordinal)
    })
  }

  #happen(event: Wish | Accident, which: number): void {
    switch (event) {
      case 'scale':
        return this.wish({ replicas: which })
      case 'template':
        return this.wish({ template: templateOf(`v${which}`) })
      default:
        return this.#agents.happen(event, which)
    }
  }

  wish(spec: Spec): void {
    const set = this.set()
    const metadata = { ...set.metadata, generation: (set.metadata.generation ?? 0) + 1 }
    this.server.seed(StatefulSets, { ...set, metadata, spec: { ...set.spec, ...spec } })
  }

  set(): StatefulSet {
    const set = this.server.peek(StatefulSets, 'default/web')
    if (set === undefined) throw new Error('no set')
    return set
  }

  pod(ordinal: number): Pod | undefined {
    return this.server.peek(Pods, `default/web-${ordinal}`)
  }
}

function isGoing(pod: Pod | undefined): boolean {
  return pod !== undefined && isTerminating(pod)
}

function isServing(pod: Pod | undefined): boolean {
  return pod !== undefined && isReady(pod) && !isTerminating(pod)
}

/** What there is in the end, in the words of `wishedFor`. */
function outcomeOf(trial: Trial): unknown {
  const { status } = trial.set()
  const { observedGeneration, replicas, availableReplicas = 0, currentRevision, updateRevision } = status ?? {}
  const pods = trial.server.peekAll(Pods).map((pod) => {
    const state = isServing(pod) ? 'serves' : 'does not serve'
    return `${pod.metadata.name} ${pod.spec.containers[0]?.image} ${state}`
  })
  const revisions = trial.server.peekAll(ControllerRevisions).map(({ metadata: { name } }) => name)
  const isComplete = currentRevision === updateRevision && revisions.includes(updateRevision ?? '')
  return { pods: pods.sort(), status: { observedGeneration, replicas, availableReplicas, isComplete } }
}

/** All pods there, of the newest template and ready, no other, and a status that says so. */
function wishedFor(trial: Trial): unknown {
  const { spec: { replicas = 0, template }, metadata: { generation: observedGeneration } } = trial.set()
  const image = template.spec?.containers[0]?.image
  const pods = Array.from({ length: replicas }, (_, n) => `web-${n} ${image} serves`)
  return { pods, status: { observedGeneration, replicas, availableReplicas: replicas, isComplete: true } }
}

const runs = { numRuns: 150 }
const policies = fc.constantFrom('OrderedReady', 'Parallel')

test('in order none comes before all below it are ready, and none goes before those above are gone', async () => {
  const scale = fc.integer({ min: 0, max: 4 })
  await fc.assert(
    fc.asyncProperty(fc.scheduler(), scale, stepsWith(wishes), async (scheduler, replicas, steps) => {
      const trial = new Trial(scheduler, { replicas })
      const broken: string[] = []
      trial.watch((verb, ordinal) => {
        const below = Array.from({ length: ordinal }, (_, n) => trial.pod(n))
        if (verb === 'create' && !below.every(isServing)) broken.push(`create ${ordinal} too soon`)
        const going = [0, 1, 2, 3, 4, 5].filter((n) => n > ordinal && isGoing(trial.pod(n)))
        if (verb === 'delete' && going.length > 0) broken.push(`delete ${ordinal} before ${going} is gone`)
      })
      await trial.steps.play(steps)
      await trial.steps.rest()
      expect(broken).toEqual([])
      expect(outcomeOf(trial)).toEqual(wishedFor(trial))
    }),
    runs,
  )
})

test('an update goes from the last pod down to the partition, each ready before the next, across restarts', async () => {
  const specs = fc.record({ partition: fc.integer({ min: 0, max: 4 }), podManagementPolicy: policies })
  await fc.assert(
    fc.asyncProperty(fc.scheduler(), specs, stepsWith({}), async (scheduler, spec, steps) => {
      const { partition, podManagementPolicy } = spec
      const updateStrategy = { type: 'RollingUpdate', rollingUpdate: { partition } }
      const trial = new Trial(scheduler, { replicas: 4, podManagementPolicy, updateStrategy })
      await trial.steps.rest()
      const done: string[] = []
      trial.watch((verb, ordinal) => {
        const others = [0, 1, 2, 3].filter((n) => n !== ordinal).map((n) => trial.pod(n))
        done.push(`${verb} ${ordinal} while ${others.filter(isServing).length} serve`)
      })
      trial.wish({ template: templateOf('v1') })
      await trial.steps.play(steps)
      await trial.steps.rest()
      const updated = [3, 2, 1, 0].filter((ordinal) => ordinal >= partition)
      expect(done).toEqual(
        updated.flatMap((n) => [`delete ${n} while 3 serve`, `create ${n} while 3 serve`]),
      )
      const images = [0, 1, 2, 3].map((n) => trial.pod(n)?.spec.containers[0]?.image)
      expect(images).toEqual([0, 1, 2, 3].map((n) => (n >= partition ? 'v1' : 'v0')))
    }),
    runs,
  )
})

test('whatever happens to pods, in order or in parallel, all is in the end as it was wished', async () => {
  const steps = stepsWith({ ...wishes, ...accidents })
  await fc.assert(
    fc.asyncProperty(fc.scheduler(), policies, steps, async (scheduler, podManagementPolicy, plan) => {
      const trial = new Trial(scheduler, { podManagementPolicy })
      await trial.steps.play(plan)
      await trial.steps.rest()
      expect(outcomeOf(trial)).toEqual(wishedFor(trial))
    }),
    runs,
  )
})
