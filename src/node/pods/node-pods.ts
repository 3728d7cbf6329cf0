import { readdir } from 'node:fs/promises'
import type { Pod } from '../../api/kinds/pod.ts'
import type { Cache } from '../../client/cache.ts'
import { ownerOf } from './paths.ts'
import type { PodDeps } from './pod-deps.ts'
import { PodWorker } from './pod-worker.ts'
import type { SandboxOwner } from './runtime-view.ts'

/** In case an event of the runtime was missed. */
const relistMs = 60_000
const reconnectMs = 1000

/** Runs the pods of one node: a worker for each pod in the API or in the runtime. */
export class NodePods {
  readonly #deps: PodDeps
  readonly #pods: Cache<Pod>
  readonly #signal: AbortSignal
  readonly #workers = new Map<string, PodWorker>()
  readonly #runs = new Set<Promise<void>>()

  constructor(deps: PodDeps, pods: Cache<Pod>, signal: AbortSignal) {
    this.#deps = deps
    this.#pods = pods
    this.#signal = signal
  }

  /** Runs until the signal aborts; pods go on running then. */
  async run(): Promise<void> {
    await Promise.all([this.#pods.synced, this.#deps.services.synced])
    if (this.#signal.aborted) return
    const unsubscribe = this.#pods.onChange((previous, next) => this.#onChange(previous, next))
    await Promise.all([this.#followRuntime(), this.#relistNowAndThen()])
    unsubscribe()
    await Promise.all(this.#runs)
  }

  #onChange(previous: Pod | undefined, next: Pod | undefined): void {
    if (previous !== undefined && previous.metadata.uid !== next?.metadata.uid) {
      this.#workers.get(previous.metadata.uid)?.update(undefined)
    }
    if (next === undefined) return
    const worker = this.#workers.get(next.metadata.uid)
    if (worker === undefined) this.#begin(ownerOf(next), next)
    else worker.update(next)
  }

  #begin(owner: SandboxOwner, pod: Pod | undefined): void {
    const worker = new PodWorker(this.#deps, {
      owner,
      pod,
      signal: this.#signal,
      onForget: () => this.#workers.delete(owner.uid),
    })
    this.#workers.set(owner.uid, worker)
    const run = worker.run().finally(() => this.#runs.delete(run))
    this.#runs.add(run)
  }

  async #followRuntime(): Promise<void> {
    const { runtime, log } = this.#deps
    while (!this.#signal.aborted) {
      try {
        for await (const { containerId } of runtime.events(this.#signal)) this.#ended(containerId)
      } catch (error) {
        if (this.#signal.aborted) return
        log.warn({ err: error }, 'events of the runtime broke off; connects again')
      }
      await this.#sleep(reconnectMs)
      this.#wakeAll()
    }
  }

  /** What began after the last listing may belong to any pod. */
  #ended(id: string): void {
    const uid = this.#deps.view.podOf(id)
    const worker = uid === undefined ? undefined : this.#workers.get(uid)
    for (const each of worker === undefined ? this.#workers.values() : [worker]) each.ended(id)
  }

  #wakeAll(): void {
    for (const worker of this.#workers.values()) worker.wake()
  }

  async #relistNowAndThen(): Promise<void> {
    while (!this.#signal.aborted) {
      const found = await this.#adoptOrphans()
      await this.#sleep(found ? relistMs : reconnectMs)
      this.#wakeAll()
    }
  }

  /** Finds pods that have left something behind but are not in the API. False if it could not be found out. */
  async #adoptOrphans(): Promise<boolean> {
    try {
      const owners = [...(await this.#deps.view.owners()), ...(await this.#ownersOfDirectories())]
      for (const owner of owners) {
        if (!this.#workers.has(owner.uid)) this.#begin(owner, undefined)
      }
      return true
    } catch (error) {
      this.#deps.log.warn({ err: error }, 'left-over pods not looked for; tries again')
      return false
    }
  }

  /** Log directories tell namespace, name and uid; none of them can hold an underscore. */
  async #ownersOfDirectories(): Promise<readonly SandboxOwner[]> {
    return (await namesIn(this.#deps.paths.logs)).flatMap((directory) => {
      const [namespace, name, uid] = directory.split('_')
      return namespace === undefined || name === undefined || uid === undefined ? [] : [{ namespace, name, uid }]
    })
  }

  async #sleep(ms: number): Promise<void> {
    await this.#deps.clock.sleep(ms, this.#signal).catch((reason: unknown) => {
      if (!this.#signal.aborted) throw reason
    })
  }
}

async function namesIn(directory: string): Promise<readonly string[]> {
  try {
    return await readdir(directory)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
}
