import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { ControllerRevisions } from '../../api/kinds/controller-revision.ts'
import { DaemonSets, type DaemonSet } from '../../api/kinds/daemon-set.ts'
import { Nodes } from '../../api/kinds/node.ts'
import { Pods, type Pod } from '../../api/kinds/pod.ts'
import { node } from '../fixtures.ts'
import { LaggingCache, LaggingServer } from '../lagging-server.ts'
import { isActive, isReady, isTerminal, isTerminating } from '../pod-status.ts'
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

type Accident = 'lose' | 'fail' | 'doze' | 'toggle node'
const accidents: Record<Accident, number> = { lose: 1, fail: 1, doze: 1, 'toggle node': 1 }

/** A set with its controller on three nodes, and what places its pods, makes them ready, and ends those that are going. */
class Trial {
  readonly server = new LaggingServer()
  readonly steps: SteppedTrial<'template' | Accident>
  #round = 0

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
    this.steps = new SteppedTrial<'template' | Accident>({
      scheduler,
      server,
      caches: Object.values(caches),
      controller: new SteppedController('default/agent', () => daemonSetController(deps)),
      run: (which) => this.#run(which),
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

  #happen(event: 'template' | Accident, which: number): void {
    switch (event) {
      case 'template':
        return this.wishTemplate(`v${which}`)
      case 'lose':
        return this.#change(which, () => undefined)
      case 'fail':
        return this.#change(which, (pod) => ({ ...pod, status: { phase: 'Failed' } }))
      case 'doze':
        return this.#change(which, (pod) => ({ ...pod, status: running('False') }))
      case 'toggle node':
        return this.#toggle(`node-${which}`)
      default:
        return event satisfies never
    }
  }

  #toggle(name: string): void {
    if (this.server.peek(Nodes, name) === undefined) this.server.seed(Nodes, node({ name }))
    else this.server.unseed(Nodes, { name })
  }

  #run(which: number): boolean {
    const waiting = this.server.peekAll(Pods).filter((pod) => isTerminating(pod) || !(isReady(pod) || isTerminal(pod)))
    const pod = waiting[which % Math.max(1, waiting.length)]
    const nodeName = pod && targetNodeOf(pod)
    if (pod === undefined || nodeName === undefined) return false
    if (isTerminating(pod)) this.#end(pod)
    else this.server.seed(Pods, { ...pod, spec: { ...pod.spec, nodeName }, status: running('True') })
    return true
  }

  #end({ metadata: { name } }: Pod): void {
    this.server.unseed(Pods, { namespace: 'default', name })
  }

  #change(which: number, next: (pod: Pod) => Pod | undefined): void {
    const pods = this.server.peekAll(Pods)
    const pod = pods[which % Math.max(1, pods.length)]
    if (pod === undefined) return
    this.#round += 1
    const changed = next(pod)
    if (changed === undefined) this.#end(pod)
    else this.server.seed(Pods, { ...changed, metadata: { ...pod.metadata, annotations: { round: String(this.#round) } } })
  }
}

function running(status: string) {
  return { phase: 'Running', conditions: [{ type: 'Ready', status, lastTransitionTime: '2026-01-01T00:00:00Z' }] }
}

/** What there is on each node in the end, in the words of `wishedFor`. */
function outcomeOf(trial: Trial): unknown {
  const nodes = trial.server.peekAll(Nodes).map(({ metadata: { name } }) => name)
  const { desiredNumberScheduled, updatedNumberScheduled = 0, numberAvailable = 0, observedGeneration } = trial.set().status ?? {}
  return {
    pods: nodes.map((name) => {
      const pods = trial.podsOn(name).map((pod) => `${pod.spec.containers[0]?.image} ${isReady(pod) ? 'serves' : 'waits'}`)
      return `${name}: ${pods.join(', ')}`
    }),
    status: [desiredNumberScheduled, updatedNumberScheduled, numberAvailable, observedGeneration],
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

test('an update never takes more nodes out of service, nor puts two pods on more, than it may, however late the caches', async () => {
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
  const steps = stepsWith({ template: 1, ...accidents })
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
