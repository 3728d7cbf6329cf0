import * as fc from 'fast-check'
import type { LaggingCache, LaggingServer } from './lagging-server.ts'
import { losingAnswers, type SteppedController } from './stepped-controller.ts'

/** What happens to the controller, the caches and the agents, whatever is tested. */
type Machinery = 'reconcile' | 'answer' | 'relist' | 'restart' | 'lose answer' | 'deliver' | 'run'

export interface Step<Event extends string> {
  readonly type: Machinery | Event
  /** Of several things that it could be about. */
  readonly which: number
}

export interface SteppedTrialOptions<Event extends string> {
  readonly scheduler: fc.Scheduler
  readonly server: LaggingServer
  readonly caches: readonly Pick<LaggingCache<never>, 'deliver' | 'relist' | 'catchUp'>[]
  readonly controller: SteppedController
  /** Does something that an agent or the scheduler would; false if there is nothing to do. */
  readonly run: (which: number) => boolean
  /** Does what a step means that is not of the machinery. */
  readonly happen: (event: Event, which: number) => void
}

/** Plays random steps against a controller, and then lets everything come to rest. */
export class SteppedTrial<Event extends string> {
  readonly #options: SteppedTrialOptions<Event>
  readonly #loseAnswer: () => void

  constructor(options: SteppedTrialOptions<Event>) {
    this.#options = options
    this.#loseAnswer = losingAnswers(options.server)
  }

  async play(steps: readonly Step<Event>[]): Promise<void> {
    const { server, scheduler } = this.#options
    server.attach(scheduler)
    for (const step of steps) {
      await this.#take(step)
      await new Promise(setImmediate)
    }
    server.detach()
    await scheduler.waitAll()
  }

  /** Delivers all, reconciles, and has the agents do their work, until nobody has anything left to do. */
  async rest(): Promise<void> {
    const { server, caches, controller, run } = this.#options
    for (let quiet = 0; quiet < 3; ) {
      const before = server.writes.length
      // Long enough for whatever is put off, and for what was lost in a relist to be asked for.
      server.clock.advance(1_000_000)
      for (const cache of caches) cache.catchUp()
      controller.step()
      await controller.idle()
      quiet = run(0) || server.writes.length !== before ? 0 : quiet + 1
    }
  }

  async #take({ type, which }: Step<Event>): Promise<void> {
    const { scheduler, caches, controller, run, happen } = this.#options
    const cache = caches[which % caches.length]
    switch (type) {
      case 'reconcile':
        return controller.step()
      case 'answer':
        if (scheduler.count() > 0) await scheduler.waitOne()
        return
      case 'relist':
        return cache?.relist()
      case 'restart':
        for (const each of caches) each.relist()
        return controller.restart()
      case 'lose answer':
        return this.#loseAnswer()
      case 'deliver':
        return cache?.deliver()
      case 'run':
        return void run(which)
      default:
        return happen(type as Event, which)
    }
  }
}

/** Sequences of the machinery's steps with these events, each about as often as its weight says. */
export function stepsWith<Event extends string>(events: Readonly<Record<Event, number>>): fc.Arbitrary<Step<Event>[]> {
  const machinery: Record<Machinery, number> = {
    reconcile: 5,
    answer: 9,
    relist: 1,
    restart: 1,
    'lose answer': 1,
    deliver: 6,
    run: 5,
  }
  const weights = Object.entries<number>({ ...machinery, ...events }) as [Step<Event>['type'], number][]
  const kinds = weights.map(([type, weight]) => ({
    weight,
    arbitrary: fc.record({ type: fc.constant(type), which: fc.nat(5) }),
  }))
  return fc.array(fc.oneof(...kinds), { minLength: 20, maxLength: 150, size: 'max' })
}
