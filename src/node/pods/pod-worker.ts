import type { Pod } from '../../api/kinds/pod.ts'
import { Backoff } from '../../base/backoff.ts'
import { act, containerOf, type Subject } from './act.ts'
import type { Action, Decision } from './actions.ts'
import { decide } from './decide.ts'
import { Departure } from './departure.ts'
import { currentSandbox, mayRun, nothingObserved, type ObservedPod } from './observed.ts'
import type { PodDeps } from './pod-deps.ts'
import { renewTokens } from './renew-tokens.ts'
import type { SandboxOwner } from './runtime-view.ts'
import { StartFailure } from './start-failure.ts'
import { compileStatus } from './status.ts'
import { StatusWriter } from './status-writer.ts'
import { stopContainer } from './stop-container.ts'
import { WorkerMemory } from './worker-memory.ts'

const firstLookMs = 4
const mostLooks = 12

export interface PodWorkerOptions {
  readonly owner: SandboxOwner
  /** Undefined for a pod that is only in the runtime. */
  readonly pod: Pod | undefined
  /** Ends the worker, and leaves what runs running. */
  readonly signal: AbortSignal
  /** Nothing of the pod is left. */
  onForget(): void
}

/**
 * Drives one pod: observe, decide, act, and again until there is nothing to do; then it sleeps until the pod changes,
 * the runtime tells of an end, a probe changes its verdict or a time has come.
 */
export class PodWorker {
  readonly #deps: PodDeps
  readonly #options: PodWorkerOptions
  readonly #memory = new WorkerMemory()
  readonly #status: StatusWriter
  readonly #departure: Departure
  readonly #backoff = new Backoff({ baseMs: 200, maxMs: 30_000 })
  /** The newest known; kept when the pod leaves the API, for what is still to be done. */
  #pod: Pod | undefined
  #inApi: boolean
  #observed: ObservedPod = nothingObserved
  #looked = false
  /** Ends that were told of and are not seen yet, with the number of looks for them. */
  readonly #ends = new Map<string, number>()
  /** Aborts the action under way when the pod's fate changes. */
  #turn = new AbortController()
  #woken = Promise.withResolvers<void>()
  #forgotten = false

  constructor(deps: PodDeps, options: PodWorkerOptions) {
    const { owner, pod, signal } = options
    const log = deps.log.child({ pod: `${owner.namespace}/${owner.name}`, uid: owner.uid })
    this.#deps = { ...deps, log }
    this.#options = options
    this.#pod = pod
    this.#inApi = pod !== undefined
    this.#departure = new Departure(this.#deps, () => this.wake())
    this.#status = new StatusWriter({
      client: deps.client,
      clock: deps.clock,
      log,
      signal,
      compile: () => this.#compile(),
      onWritten: (written) => this.#learn(written),
    })
  }

  get owner(): SandboxOwner {
    return this.#options.owner
  }

  /** The pod has changed, or has left the API if undefined. */
  update(pod: Pod | undefined): void {
    const wasEnding = this.#isEnding()
    this.#inApi = pod !== undefined
    if (pod !== undefined) this.#learn(pod)
    if (this.#isEnding() && !wasEnding) this.#turn.abort(new Error('the pod is to end'))
    this.wake()
  }

  wake(): void {
    this.#woken.resolve()
  }

  /** A container or sandbox, perhaps one of this pod, has ended. The runtime tells so before its own lists show it. */
  ended(id: string): void {
    this.#ends.set(id, 0)
    this.wake()
  }

  /** Resolves when the pod has been forgotten or the signal has aborted. Never rejects. */
  async run(): Promise<void> {
    const { signal } = this.#options
    const stop = () => {
      this.#turn.abort(signal.reason)
      this.wake()
    }
    signal.addEventListener('abort', stop, { once: true })
    while (!signal.aborted && !this.#forgotten) {
      this.#woken = Promise.withResolvers()
      const waitMs = await this.#attempt()
      if (waitMs === 0) continue
      const cancel = waitMs === undefined ? () => {} : this.#deps.clock.after(waitMs, () => this.wake())
      await this.#woken.promise
      cancel()
    }
    signal.removeEventListener('abort', stop)
    this.#deps.readiness.forget(this.owner.uid)
    this.#deps.withdrawal.forget(this.owner.uid)
  }

  /** One turn. Resolves to how long to sleep at most: 0 to go on at once, undefined for no limit. */
  async #attempt(): Promise<number | undefined> {
    const { clock, log } = this.#deps
    this.#turn = new AbortController()
    try {
      const decision = await this.#look()
      for (const action of decision.actions) await this.#do(action)
      this.#backoff.reset()
      if (decision.actions.some((action) => action.do !== 'stop-container')) return 0
      // Stops run beside the worker: their ends wake it.
      const timeMs = decision.wakeAt === undefined ? Infinity : decision.wakeAt.getTime() - clock.now().getTime()
      const waitMs = Math.min(timeMs, this.#nextLookMs())
      return waitMs === Infinity ? undefined : Math.max(1, waitMs)
    } catch (error) {
      if (this.#options.signal.aborted || this.#turn.signal.aborted) return 0
      if (error instanceof StartFailure) return 0
      log.warn({ err: error }, 'pod not brought on; tries again')
      return this.#backoff.nextMs()
    }
  }

  async #look(): Promise<Decision> {
    const { view, clock, readiness } = this.#deps
    const { uid } = this.owner
    this.#observed = await view.observe(uid)
    this.#looked = true
    this.#followHealth()
    this.#memory.health = readiness.healthOf(uid)
    for (const id of this.#memory.stopping.keys()) {
      if (!this.#observed.containers.some((run) => run.id === id && mayRun(run))) this.#memory.stopping.delete(id)
    }
    const pod = this.#inApi ? this.#pod : undefined
    if (pod !== undefined) this.#status.touch()
    this.#memory.servesUntil = await this.#departure.servesUntil(pod)
    return decide({ pod, observed: this.#observed, memory: this.#memory, now: clock.now() })
  }

  #followHealth(): void {
    if (this.#pod === undefined) return
    const running = this.#observed.containers.flatMap(({ state, metadata, id, startedAt }) =>
      state === 'running' && startedAt !== undefined ? [{ name: metadata.name, id, startedAt }] : [],
    )
    this.#deps.readiness.follow(this.#pod, this.#podIP(), running, () => this.#healthChanged())
  }

  /** The status does not wait for what the worker is at, such as a pull. */
  #healthChanged(): void {
    this.#memory.health = this.#deps.readiness.healthOf(this.owner.uid)
    this.#status.touch()
    this.wake()
  }

  /** When to look again for ends that were told of, in ever longer steps; `Infinity` if there are none. */
  #nextLookMs(): number {
    const { sandboxes, containers } = this.#observed
    const alive = new Set([
      ...containers.filter(({ state }) => state === 'running').map(({ id }) => id),
      ...sandboxes.filter(({ state }) => state === 'ready').map(({ id }) => id),
    ])
    let soonestMs = Infinity
    for (const [id, looks] of this.#ends) {
      if (!alive.has(id) || looks >= mostLooks) this.#ends.delete(id)
      else {
        this.#ends.set(id, looks + 1)
        soonestMs = Math.min(soonestMs, firstLookMs * 2 ** looks)
      }
    }
    return soonestMs
  }

  async #do(action: Action): Promise<void> {
    switch (action.do) {
      case 'stop-container':
        return this.#beginStop(action)
      case 'write-status':
        return this.#status.settled()
      case 'forget':
        this.#forgotten = true
        return this.#options.onForget()
      case 'renew-tokens':
        if (this.#pod !== undefined) this.#memory.tokensDueAt = await renewTokens(this.#deps, this.#pod)
        return
      default:
        return this.#doInWorld(action)
    }
  }

  async #doInWorld(action: Parameters<typeof act>[2]): Promise<void> {
    const container = containerOf(action)
    try {
      await act(this.#deps, this.#subject(), action)
    } catch (error) {
      if (error instanceof StartFailure) this.#noteFailure(container, error)
      // What one container lacks does not keep the others from starting.
      if (!(error instanceof StartFailure) || container === undefined) throw error
      return
    }
    this.#noteSuccess(action, container)
  }

  #noteFailure(container: string | undefined, { kind, reason, message }: StartFailure): void {
    const now = this.#deps.clock.now()
    if (container === undefined) this.#memory.podFailed({ kind, reason, message }, now)
    else this.#memory.containerFailed(container, { kind, reason, message }, now)
  }

  #noteSuccess(action: Action, container: string | undefined): void {
    if (container !== undefined) this.#memory.containerFailures.delete(container)
    switch (action.do) {
      case 'prepare':
        this.#memory.prepared = true
        this.#memory.podFailure = undefined
        this.#memory.tokensDueAt = this.#pod && this.#deps.sources.tokens.dueAt(this.#pod)
        return
      case 'start-sandbox':
        this.#memory.podFailure = undefined
        return
      case 'announce':
        return this.#memory.announce(action.name, action.key)
      case 'delete-object':
        this.#memory.objectDeleted = true
        return
      default:
    }
  }

  #beginStop({ id, deadline, message }: Extract<Action, { do: 'stop-container' }>): void {
    const run = this.#observed.containers.find((container) => container.id === id)
    if (run === undefined) return
    const again = this.#memory.stopping.has(id)
    this.#memory.stopping.set(id, deadline)
    void this.#stop({ pod: this.#pod, id, name: run.metadata.name, podIP: this.#podIP(), deadline, message, again })
  }

  /** Never rejects: a stop that fails is forgotten after a while, and so decided again. */
  async #stop(stop: Parameters<typeof stopContainer>[1]): Promise<void> {
    const { log, clock } = this.#deps
    try {
      await stopContainer(this.#deps, stop)
      this.wake()
    } catch (error) {
      log.warn({ err: error, containerId: stop.id }, 'container not stopped; tries again')
      clock.after(this.#backoff.nextMs(), () => {
        this.#memory.stopping.delete(stop.id)
        this.wake()
      })
    }
  }

  #subject(): Subject {
    return { owner: this.owner, pod: this.#pod, observed: this.#observed, signal: this.#turn.signal }
  }

  #podIP(): string {
    const { hostIP } = this.#deps.node
    return this.#pod?.spec.hostNetwork === true ? hostIP : (currentSandbox(this.#observed)?.ip ?? '')
  }

  #compile() {
    const pod = this.#pod
    if (pod === undefined || !this.#inApi || !this.#looked) return undefined
    const situation = { pod, observed: this.#observed, memory: this.#memory, now: this.#deps.clock.now() }
    return { pod, status: compileStatus(situation, this.#deps.node) }
  }

  /** Takes over a state of the pod unless it is older than the one known: the cache trails our own writes. */
  #learn(pod: Pod): void {
    if (this.#pod !== undefined && revisionOf(pod) < revisionOf(this.#pod)) return
    this.#pod = pod
  }

  #isEnding(): boolean {
    return !this.#inApi || this.#pod?.metadata.deletionTimestamp !== undefined
  }
}

/** Resource versions can be compared (KEP-5504). */
function revisionOf({ metadata }: Pod): bigint {
  return /^\d+$/.test(metadata.resourceVersion) ? BigInt(metadata.resourceVersion) : 0n
}
