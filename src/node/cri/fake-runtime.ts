import { systemClock, type Clock } from '../../base/clock.ts'
import { valueFor, type FakeProgram } from './fake-program.ts'
import { PushQueue } from './push-queue.ts'
import {
  RuntimeError,
  type Container,
  type ContainerConfig,
  type ContainerRuntime,
  type ExecResult,
  type Image,
  type PodSandbox,
  type PodSandboxConfig,
  type RegistryAuth,
  type RuntimeEvent,
  type StreamRequest,
} from './runtime.ts'

export type { FakeProgram } from './fake-program.ts'

export interface FakeRuntimeOptions {
  readonly clock?: Clock
  /** Images that are there, with their behaviour. */
  readonly images?: Readonly<Record<string, FakeProgram>>
  /** Images that `pullImage` can fetch. Any other is refused as a registry would. */
  readonly registry?: Readonly<Record<string, FakeProgram>>
}

type Method = Exclude<keyof ContainerRuntime, 'events'>
type ContainerRecord = { -readonly [field in keyof Container]: Container[field] }
type SandboxRecord = { -readonly [field in keyof PodSandbox]: PodSandbox[field] }

/**
 * A container runtime in memory that behaves as containerd does: states, name reservations, exit codes, idempotent
 * stop and remove, events. Nothing ends by itself except programs with `exitsWith`; tests end containers with `exit`.
 */
export class FakeRuntime implements ContainerRuntime {
  /** Every call in order, `method` or `method id-or-name`. */
  readonly calls: string[] = []
  /** The configurations that sandboxes and containers were created with, by id; kept after removal. */
  readonly sandboxConfigs = new Map<string, PodSandboxConfig>()
  readonly containerConfigs = new Map<string, ContainerConfig>()

  /** The credentials of every pull, in order. */
  readonly pullAuths: (RegistryAuth | undefined)[] = []

  readonly #clock: Clock
  readonly #programs: Map<string, FakeProgram>
  readonly #registry: ReadonlyMap<string, FakeProgram>
  readonly #sandboxes = new Map<string, SandboxRecord>()
  readonly #containers = new Map<string, ContainerRecord>()
  readonly #failures = new Map<Method, Error[]>()
  readonly #listeners = new Set<PushQueue<RuntimeEvent>>()
  #created = 0

  constructor({ clock = systemClock, images = {}, registry = {} }: FakeRuntimeOptions = {}) {
    this.#clock = clock
    this.#programs = new Map(Object.entries(images))
    this.#registry = new Map(Object.entries(registry))
  }

  /** Ends a running container as if its process had exited. */
  exit(containerId: string, exitCode: number): void {
    this.#end(this.#container(containerId), exitCode, exitCode === 0 ? 'Completed' : 'Error')
  }

  /** Ends a running container as the kernel's out-of-memory killer does. */
  oomKill(containerId: string): void {
    const container = this.#container(containerId)
    this.#emit({ type: 'oom', containerId })
    this.#end(container, 137, 'OOMKilled')
  }

  /** Ends a sandbox's pause container behind the agent's back. */
  killSandbox(sandboxId: string): void {
    this.#endSandbox(this.#sandbox(sandboxId))
  }

  /** The next call of the method rejects with this; several are queued. */
  failNext(method: Method, error: Error): void {
    this.#failures.set(method, [...(this.#failures.get(method) ?? []), error])
  }

  /** Breaks every open event stream, as a restart of the runtime does. Containers stay. */
  disconnect(): void {
    for (const listener of this.#listeners) listener.fail(new RuntimeError('UNAVAILABLE', 'connection closed'))
  }

  async version(): Promise<{ name: string; version: string }> {
    this.#call('version')
    return { name: 'fake', version: '0' }
  }

  async runPodSandbox(config: PodSandboxConfig): Promise<string> {
    const { metadata } = config
    this.#call('runPodSandbox', metadata.name)
    const key = (other: PodSandbox['metadata']) => `${other.name}_${other.namespace}_${other.uid}_${other.attempt}`
    const holder = this.#sandboxes.values().find((other) => key(other.metadata) === key(metadata))
    if (holder !== undefined) throw reserved('sandbox', key(metadata), holder.id)
    const id = this.#newId('sandbox')
    this.#sandboxes.set(id, {
      id,
      metadata,
      state: 'ready',
      createdAt: this.#clock.now(),
      ip: config.hostNetwork ? '' : `10.108.1.${(this.#created % 250) + 2}`,
      labels: config.labels,
      annotations: config.annotations,
    })
    this.sandboxConfigs.set(id, config)
    return id
  }

  async stopPodSandbox(id: string): Promise<void> {
    this.#call('stopPodSandbox', id)
    const sandbox = this.#sandboxes.get(id)
    if (sandbox !== undefined) this.#endSandbox(sandbox)
  }

  async removePodSandbox(id: string): Promise<void> {
    this.#call('removePodSandbox', id)
    const sandbox = this.#sandboxes.get(id)
    if (sandbox === undefined) return
    this.#endSandbox(sandbox)
    for (const container of this.#containersOf(id)) this.#containers.delete(container.id)
    this.#sandboxes.delete(id)
  }

  async podSandboxStatus(id: string): Promise<PodSandbox> {
    this.#call('podSandboxStatus', id)
    return { ...this.#sandbox(id) }
  }

  async listPodSandboxes(): Promise<readonly PodSandbox[]> {
    this.#call('listPodSandboxes')
    return [...this.#sandboxes.values()].map((sandbox) => ({ ...sandbox, ip: '' }))
  }

  async createContainer(sandboxId: string, config: ContainerConfig): Promise<string> {
    const { metadata } = config
    this.#call('createContainer', metadata.name)
    const sandbox = this.#sandbox(sandboxId)
    if (sandbox.state !== 'ready') throw new RuntimeError('UNKNOWN', `sandbox container "${sandboxId}" is not running`)
    if (!this.#programs.has(config.image)) {
      throw new RuntimeError('NOT_FOUND', `failed to resolve image "${config.image}": not found`)
    }
    const holder = this.#containersOf(sandboxId).find(
      (other) => other.metadata.name === metadata.name && other.metadata.attempt === metadata.attempt,
    )
    if (holder !== undefined) throw reserved('container', `${metadata.name}_${metadata.attempt}`, holder.id)
    const id = this.#newId('container')
    this.#containers.set(id, {
      id,
      sandboxId,
      metadata,
      image: config.image,
      imageRef: `sha256:${config.image}`,
      state: 'created',
      createdAt: this.#clock.now(),
      logPath: `${this.sandboxConfigs.get(sandboxId)?.logDirectory}/${config.logPath}`,
      labels: config.labels,
      annotations: config.annotations,
    })
    this.containerConfigs.set(id, config)
    return id
  }

  async startContainer(id: string): Promise<void> {
    this.#call('startContainer', id)
    const container = this.#container(id)
    if (container.state !== 'created') {
      throw new RuntimeError('UNKNOWN', `container "${id}" is in ${container.state} state, cannot be started`)
    }
    const program = this.#program(container)
    const config = this.containerConfigs.get(id)
    const startError = valueFor(program.startError, config)
    if (startError !== undefined) {
      this.#end(container, 128, 'StartError', startError)
      throw new RuntimeError('UNKNOWN', startError)
    }
    container.state = 'running'
    container.startedAt = this.#clock.now()
    const exitCode = valueFor(program.exitsWith, config)
    if (exitCode !== undefined) this.exit(id, exitCode)
  }

  async stopContainer(id: string, timeoutSeconds: number): Promise<void> {
    this.#call('stopContainer', id)
    const container = this.#containers.get(id)
    if (container?.state !== 'running') return
    const { ignoresTerm = false, termExitCode = 143 } = this.#program(container)
    const exitCode = ignoresTerm || timeoutSeconds === 0 ? 137 : termExitCode
    this.#end(container, exitCode, exitCode === 0 ? 'Completed' : 'Error')
  }

  async removeContainer(id: string): Promise<void> {
    this.#call('removeContainer', id)
    const container = this.#containers.get(id)
    if (container === undefined) return
    if (container.state === 'running') this.#end(container, 137, 'Error')
    this.#containers.delete(id)
  }

  async containerStatus(id: string): Promise<Container> {
    this.#call('containerStatus', id)
    return { ...this.#container(id) }
  }

  async listContainers(): Promise<readonly Container[]> {
    this.#call('listContainers')
    return [...this.#containers.values()].map(listed)
  }

  async reopenContainerLog(id: string): Promise<void> {
    this.#call('reopenContainerLog', id)
    this.#running(id)
  }

  async execSync(id: string, command: readonly string[], timeoutSeconds: number): Promise<ExecResult> {
    this.#call('execSync', id)
    const container = { ...this.#running(id) }
    const answer = this.#program(container).exec?.(command, container) ?? { stdout: '', stderr: '', exitCode: 0 }
    if (timeoutSeconds === 0) return answer
    const timer = new AbortController()
    const expired = this.#clock.sleep(timeoutSeconds * 1000, timer.signal).then(() => {
      throw new RuntimeError('DEADLINE_EXCEEDED', `command ${JSON.stringify(command)} timed out`)
    })
    try {
      return await Promise.race([answer, expired])
    } finally {
      timer.abort()
      // Aborting is how the timer ends when the command was in time; a time-out was already thrown by the race.
      await expired.catch(() => undefined)
    }
  }

  async execUrl({ containerId }: StreamRequest & { command: readonly string[] }): Promise<string> {
    this.#call('execUrl', containerId)
    return `http://127.0.0.1:1/exec/${this.#running(containerId).id}`
  }

  async attachUrl({ containerId }: StreamRequest): Promise<string> {
    this.#call('attachUrl', containerId)
    return `http://127.0.0.1:1/attach/${this.#running(containerId).id}`
  }

  async portForwardUrl(sandboxId: string, ports: readonly number[] = []): Promise<string> {
    this.#call('portForwardUrl', [sandboxId, ...ports].join(':'))
    return `http://127.0.0.1:1/portforward/${this.#sandbox(sandboxId).id}`
  }

  async imageStatus(image: string): Promise<Image | undefined> {
    this.#call('imageStatus', image)
    return this.#programs.has(image) ? imageOf(image) : undefined
  }

  async listImages(): Promise<readonly Image[]> {
    this.#call('listImages')
    return [...this.#programs.keys()].map(imageOf)
  }

  async pullImage(image: string, auth?: RegistryAuth): Promise<string> {
    this.#call('pullImage', image)
    this.pullAuths.push(auth)
    const program = this.#registry.get(image)
    if (program === undefined) {
      throw new RuntimeError('NOT_FOUND', `failed to pull and unpack image "${image}": ${image}: not found`)
    }
    this.#programs.set(image, program)
    return imageOf(image).id
  }

  async *events(signal: AbortSignal): AsyncIterable<RuntimeEvent> {
    const queue = new PushQueue<RuntimeEvent>()
    const close = () => queue.close()
    this.#listeners.add(queue)
    signal.addEventListener('abort', close, { once: true })
    if (signal.aborted) queue.close()
    try {
      yield* queue
    } finally {
      signal.removeEventListener('abort', close)
      this.#listeners.delete(queue)
    }
  }

  #call(method: Method, subject?: string): void {
    this.calls.push(subject === undefined ? method : `${method} ${subject}`)
    const failure = this.#failures.get(method)?.shift()
    if (failure !== undefined) throw failure
  }

  #newId(prefix: string): string {
    this.#created += 1
    return `${prefix}-${this.#created}`
  }

  #sandbox(id: string): SandboxRecord {
    const sandbox = this.#sandboxes.get(id)
    if (sandbox === undefined) throw notFound('sandbox', id)
    return sandbox
  }

  #container(id: string): ContainerRecord {
    const container = this.#containers.get(id)
    if (container === undefined) throw notFound('container', id)
    return container
  }

  #running(id: string): ContainerRecord {
    const container = this.#container(id)
    if (container.state !== 'running') throw new RuntimeError('UNKNOWN', `container is in ${container.state} state`)
    return container
  }

  #containersOf(sandboxId: string): ContainerRecord[] {
    return [...this.#containers.values()].filter((container) => container.sandboxId === sandboxId)
  }

  #program({ image }: Container): FakeProgram {
    return this.#programs.get(image) ?? {}
  }

  #end(container: ContainerRecord, exitCode: number, reason: string, message?: string): void {
    if (container.state === 'exited') return
    container.state = 'exited'
    container.finishedAt = this.#clock.now()
    container.exitCode = exitCode
    container.reason = reason
    if (message !== undefined) container.message = message
    this.#emit({ type: 'exit', containerId: container.id })
  }

  #endSandbox(sandbox: SandboxRecord): void {
    for (const container of this.#containersOf(sandbox.id)) {
      if (container.state === 'running') this.#end(container, 137, 'Error')
    }
    if (sandbox.state === 'notReady') return
    sandbox.state = 'notReady'
    sandbox.ip = ''
    this.#emit({ type: 'exit', containerId: sandbox.id })
  }

  #emit(event: RuntimeEvent): void {
    for (const listener of this.#listeners) listener.push(event)
  }
}

/** The fields that a list has. */
function listed(container: Container): Container {
  const { id, sandboxId, metadata, image, imageRef, state, createdAt, labels, annotations } = container
  return { id, sandboxId, metadata, image, imageRef, state, createdAt, labels, annotations }
}

function imageOf(image: string): Image {
  return { id: `sha256:${image}`, repoTags: [image], repoDigests: [], sizeBytes: 1 }
}

function notFound(what: string, id: string): RuntimeError {
  return new RuntimeError('NOT_FOUND', `an error occurred when try to find ${what} "${id}": not found`)
}

function reserved(what: string, name: string, holder: string): RuntimeError {
  return new RuntimeError('UNKNOWN', `failed to reserve ${what} name "${name}": it is reserved for "${holder}"`)
}
