import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { ControllerRevisions } from '../../api/kinds/controller-revision.ts'
import { DaemonSets, type DaemonSet } from '../../api/kinds/daemon-set.ts'
import { Nodes } from '../../api/kinds/node.ts'
import { Pods, type Pod } from '../../api/kinds/pod.ts'
import { node } from '../fixtures.ts'
import { LaggingCache, LaggingServer } from '../lagging-server.ts'
import { accidents, PodAgents, type Accident } from '../pod-agents.ts'
import { isActive, isReady, isTerminating } from '../pod-status.ts'
import { daemonSet, templateOfImage } from '../set-fixtures.ts'
import { SteppedController } from '../stepped-controller.ts'
import { SteppedTrial, stepsWith } from '../stepped-trial.ts'
import { targetNodeOf } from './daemon-pod.ts'
import { daemonSetController } from './daemon-set.ts'

/** Deleted pods stay until an agent ends them. */
const templateOf = (image: string) => ({
  ...templateOfImage(image),
  metadata: { labels: { app: 'kubia' }, finalizers: ['test/agent'] },
})

type Event = Accident | 'template' | 'toggle node'

/** A set with its controller on three nodes, and what places its pods, makes them ready, and ends those that are going. */
class Trial {
  readonly server = new LaggingServer()
  readonly steps: SteppedTrial<Event>
  readonly #agents = new PodAgents(this.server, targetNodeOf)

  constructor(scheduler: fc.Scheduler, rollingUpdate: object) {
    const { server } = this
    const updateStrategy = { type: 'RollingUpdate', rollingUpdate }
    server.seed(DaemonSets, daemonSet({ template: templateOf('v0'), updateStrategy }))
    server.seed(Nodes, ...[1, 2, 3].map((number) => node({ name: `node-${number}` })))
    const caches = {
      daemonSets: new LaggingCache(server, DaemonSets),
      controllerRevisions: new LaggingCache(server, ControllerRevisions),
      pods: new LaggingCache(server, Pods),
      nodes: new LaggingCache(server, Nodes),
    }
    const deps = { client: server, ...caches, events: { event() {} }, clock: server.clock }
    this.steps = new SteppedTrial<Event>({
      scheduler,
      server,
      caches: Object.values(caches),
      controller: new SteppedController('default/agent', () => daemonSetController(deps)),
      run: (which) => this.#agents.work(which),
      happen: (event, which) => this.#happen(event, which),
    })
  }

  set(): DaemonSet {
    const set = this.server.peek(DaemonSets, 'default/agent')
    if (set === undefined) throw new Error('no set')
    return set
  }

  podsOn(nodeName: string): readonly Pod[] {
    return this.server.peekAll(Pods).filter((pod) => targetNodeOf(pod) === nodeName)
  }

  wishTemplate(image: string): void {
    const set = this.set()
    const metadata = { ...set.metadata, generation: (set.metadata.generation ?? 0) + 1 }
    this.server.seed(DaemonSets, { ...set, metadata, spec: { ...set.spec, template: templateOf(image) } })
  }

  #happen(event: Event, which: number): void {
    switch (event) {
      case 'template':
        return this.wishTemplate(`v${which}`)
      case 'toggle node':
        return this.#toggle(`node-${which}`)
      default:
        return this.#agents.happen(event, which)
    }
  }

  #toggle(name: string): void {
    if (this.server.peek(Nodes, name) === undefined) this.server.seed(Nodes, node({ name }))
    else this.server.unseed(Nodes, { name })
  }
}

/** What there is on each node in the end, in the words of `wishedFor`. */
function outcomeOf(trial: Trial): unknown {
  const nodes = trial.server.peekAll(Nodes).map(({ metadata: { name } }) => name)
  const { status } = trial.set()
  return {
    pods: nodes.map((name) => {
      const pods = trial.podsOn(name).map((pod) => `${pod.spec.containers[0]?.image} ${isReady(pod) ? 'serves' : 'waits'}`)
      return `${name}: ${pods.join(', ')}`
    }),
    status: [
      status?.desiredNumberScheduled,
      status?.updatedNumberScheduled ?? 0,
      status?.numberAvailable ?? 0,
      status?.observedGeneration,
    ],
  }
}

/** One pod on each node, of the newest template and ready, and a status that says so. */
function wishedFor(trial: Trial): unknown {
  const { spec, metadata } = trial.set()
  const image = spec.template.spec?.containers[0]?.image
  const nodes = trial.server.peekAll(Nodes)
  return {
    pods: nodes.map(({ metadata: { name } }) => `${name}: ${image} serves`),
    status: [nodes.length, nodes.length, nodes.length, metadata.generation],
  }
}

const runs = { numRuns: 150 }
const strategies = fc.constantFrom(
  { maxUnavailable: 1, maxSurge: 0 },
  { maxUnavailable: 2, maxSurge: 0 },
  { maxUnavailable: 0, maxSurge: 1 },
  { maxUnavailable: 0, maxSurge: '100%' },
)

test('an update never takes more nodes out of service, nor puts two pods on more, than it may', async () => {
  await fc.assert(
    fc.asyncProperty(fc.scheduler(), strategies, stepsWith({ template: 1 }), async (scheduler, strategy, steps) => {
      const trial = new Trial(scheduler, strategy)
      await trial.steps.rest()
      let least = 3
      let most = 0
      trial.server.onChange(Pods, () => {
        const staying = [1, 2, 3].map((number) => trial.podsOn(`node-${number}`).filter((pod) => !isTerminating(pod)))
        least = Math.min(least, staying.filter((pods) => pods.some(isReady)).length)
        most = Math.max(most, staying.filter((pods) => pods.length > 1).length)
      })
      trial.wishTemplate('v1')
      await trial.steps.play(steps)
      await trial.steps.rest()
      expect(least).toBeGreaterThanOrEqual(3 - strategy.maxUnavailable)
      expect(most).toBeLessThanOrEqual(strategy.maxSurge === '100%' ? 3 : Number(strategy.maxSurge))
      expect(outcomeOf(trial)).toEqual(wishedFor(trial))
    }),
    runs,
  )
})

test('whatever happens to pods and nodes, no node gets more pods than it may, and each has one in the end', async () => {
  const steps = stepsWith({ template: 1, 'toggle node': 1, ...accidents })
  await fc.assert(
    fc.asyncProperty(fc.scheduler(), strategies, steps, async (scheduler, strategy, plan) => {
      const trial = new Trial(scheduler, strategy)
      const most = strategy.maxSurge === 0 ? 1 : 2
      const crowded: string[] = []
      trial.server.onChange(Pods, (_, next) => {
        const nodeName = next && targetNodeOf(next)
        if (nodeName === undefined) return
        const count = trial.podsOn(nodeName).filter(isActive).length
        if (count > most) crowded.push(`${count} on ${nodeName}`)
      })
      await trial.steps.play(plan)
      await trial.steps.rest()
      expect(crowded).toEqual([])
      expect(outcomeOf(trial)).toEqual(wishedFor(trial))
    }),
    runs,
  )
})
