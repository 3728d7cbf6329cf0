import type { Container, ContainerRuntime, PodSandbox } from '../cri/runtime.ts'
import { RuntimeError } from '../cri/runtime.ts'
import { podNameLabel, podNamespaceLabel, podUidLabel } from './labels.ts'
import { newestFirst, type ObservedPod } from './observed.ts'
import { terminationMessage } from './termination-message.ts'

/** The pod that a sandbox was made for, as its labels tell. */
export interface SandboxOwner {
  readonly uid: string
  readonly name: string
  readonly namespace: string
}

interface Listing {
  readonly sandboxes: readonly PodSandbox[]
  readonly containers: readonly Container[]
}

/** Reads the runtime for all pods: workers that ask at the same time share one listing. */
export class RuntimeView {
  readonly #runtime: ContainerRuntime
  readonly #owners = new Map<string, string>()
  /** Ended containers do not change any more. */
  readonly #ended = new Map<string, Container>()
  #running: Promise<Listing> | undefined
  #next: Promise<Listing> | undefined

  constructor(runtime: ContainerRuntime) {
    this.#runtime = runtime
  }

  /** What the runtime has of a pod, by a listing that began after the call. */
  async observe(uid: string): Promise<ObservedPod> {
    const { sandboxes, containers } = await this.#fresh()
    const [newest, ...older] = sandboxes.filter(({ labels }) => labels[podUidLabel] === uid).sort(newestFirst)
    const newestStatus =
      newest === undefined ? [] : await this.#unlessGone(() => this.#runtime.podSandboxStatus(newest.id))
    const own = containers.filter(({ labels }) => labels[podUidLabel] === uid)
    const statuses = await Promise.all(own.map((container) => this.#unlessGone(() => this.#status(container))))
    return { sandboxes: [...newestStatus, ...older], containers: statuses.flat().sort(newestFirst) }
  }

  /** The pods that have anything in the runtime. */
  async owners(): Promise<readonly SandboxOwner[]> {
    const { sandboxes, containers } = await this.#fresh()
    const owners = new Map<string, SandboxOwner>()
    for (const { labels } of [...containers, ...sandboxes]) {
      const { [podUidLabel]: uid, [podNameLabel]: name = '', [podNamespaceLabel]: namespace = '' } = labels
      if (uid !== undefined) owners.set(uid, { uid, name, namespace })
    }
    return [...owners.values()]
  }

  /** The uid of the pod that a container or sandbox belongs to, if it was in the last listing. */
  podOf(id: string): string | undefined {
    return this.#owners.get(id)
  }

  #fresh(): Promise<Listing> {
    if (this.#running === undefined) return this.#start()
    this.#next ??= this.#running.then(
      () => this.#start(),
      () => this.#start(),
    )
    return this.#next
  }

  #start(): Promise<Listing> {
    this.#next = undefined
    const listing = this.#list().finally(() => {
      if (this.#running === listing) this.#running = undefined
    })
    this.#running = listing
    return listing
  }

  async #list(): Promise<Listing> {
    const [sandboxes, containers] = await Promise.all([
      this.#runtime.listPodSandboxes(),
      this.#runtime.listContainers(),
    ])
    this.#owners.clear()
    for (const { id, labels } of [...sandboxes, ...containers]) {
      const uid = labels[podUidLabel]
      if (uid !== undefined) this.#owners.set(id, uid)
    }
    for (const id of this.#ended.keys()) if (!this.#owners.has(id)) this.#ended.delete(id)
    return { sandboxes, containers }
  }

  async #status({ id }: Container): Promise<Container> {
    const known = this.#ended.get(id)
    if (known !== undefined) return known
    const status = await this.#runtime.containerStatus(id)
    if (status.state !== 'exited') return status
    const message = await terminationMessage(status)
    const ended = message === '' ? status : { ...status, message }
    this.#ended.set(id, ended)
    return ended
  }

  /** What was removed between the listing and the look at it is not there. */
  async #unlessGone<T>(read: () => Promise<T>): Promise<T[]> {
    try {
      return [await read()]
    } catch (error) {
      if (error instanceof RuntimeError && error.code === 'NOT_FOUND') return []
      throw error
    }
  }
}
