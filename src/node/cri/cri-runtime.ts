import type { Encodable } from './codec.ts'
import { runtimeEvents } from './containerd-events.ts'
import { GrpcClient, unixPeer, type CallOptions } from './grpc.ts'
import { fromContainer, fromContainerStatus, fromImage, fromSandbox, fromSandboxStatus } from './from-cri.ts'
import { RuntimeError, type ContainerRuntime } from './runtime.ts'
import { imageService, runtimeService, type Method } from './services.ts'
import { toContainerConfig, toSandboxConfig } from './to-cri.ts'

/** Limits in milliseconds. The kubelet's `--runtime-request-timeout` is two minutes; sandboxes get twice that. */
export interface CriTimeouts {
  readonly callMs: number
  readonly sandboxMs: number
  /** Beyond a command's own time: containerd 1.6 ends the command, but waits for whoever else holds its output. */
  readonly execGraceMs: number
}

const defaultTimeouts: CriTimeouts = { callMs: 120_000, sandboxMs: 240_000, execGraceMs: 1_000 }

export interface RuntimeCondition {
  /** `RuntimeReady`, `NetworkReady`. */
  readonly type: string
  readonly status: boolean
  readonly reason: string
  readonly message: string
}

export interface CriRuntime extends ContainerRuntime {
  conditions(signal?: AbortSignal): Promise<readonly RuntimeCondition[]>
  /** Gives up open calls and event streams. Containers run on. */
  close(): void
}

/** The runtime behind containerd's socket. Connects when first used, and again after containerd was restarted. */
export function criRuntime(socketPath: string, timeouts: CriTimeouts = defaultTimeouts): CriRuntime {
  const client = new GrpcClient(unixPeer(socketPath))
  const sandboxIds = new Map<string, string>()
  const { callMs, sandboxMs, execGraceMs } = timeouts
  const call = <M extends Method>(method: M, request: Encodable<M['request']>, options: CallOptions = {}) =>
    client.unary<M['request'], M['response']>(method, request, { timeoutMs: callMs, ...options })

  /** A container's status does not name its sandbox; the list does. It never changes, so it is asked for once. */
  async function sandboxIdOf(containerId: string): Promise<string> {
    const known = sandboxIds.get(containerId)
    if (known !== undefined) return known
    const { containers } = await call(runtimeService.listContainers, { filter: { id: containerId } })
    const [container] = containers
    if (container === undefined) throw new RuntimeError('NOT_FOUND', `container "${containerId}": not found`)
    sandboxIds.set(containerId, container.podSandboxId)
    return container.podSandboxId
  }

  return {
    async version(signal) {
      const { runtimeName, runtimeVersion } = await call(runtimeService.version, {}, { signal })
      return { name: runtimeName, version: runtimeVersion }
    },
    async conditions(signal) {
      return (await call(runtimeService.status, {}, { signal })).status?.conditions ?? []
    },

    async runPodSandbox(config, signal) {
      const options = { signal, timeoutMs: sandboxMs }
      return (await call(runtimeService.runPodSandbox, { config: toSandboxConfig(config) }, options)).podSandboxId
    },
    async stopPodSandbox(podSandboxId) {
      await ignoreNotFound(call(runtimeService.stopPodSandbox, { podSandboxId }))
    },
    async removePodSandbox(podSandboxId) {
      await ignoreNotFound(call(runtimeService.removePodSandbox, { podSandboxId }))
    },
    async podSandboxStatus(podSandboxId) {
      return fromSandboxStatus(present(await call(runtimeService.podSandboxStatus, { podSandboxId })))
    },
    async listPodSandboxes() {
      return (await call(runtimeService.listPodSandbox, {})).items.map(fromSandbox)
    },

    async createContainer(podSandboxId, config, sandbox) {
      const { containerId } = await call(runtimeService.createContainer, {
        podSandboxId,
        config: toContainerConfig(config),
        sandboxConfig: toSandboxConfig(sandbox),
      })
      sandboxIds.set(containerId, podSandboxId)
      return containerId
    },
    async startContainer(containerId) {
      await call(runtimeService.startContainer, { containerId })
    },
    async stopContainer(containerId, timeoutSeconds) {
      const timeoutMs = timeoutSeconds * 1000 + callMs
      await ignoreNotFound(call(runtimeService.stopContainer, { containerId, timeout: timeoutSeconds }, { timeoutMs }))
    },
    async removeContainer(containerId) {
      await ignoreNotFound(call(runtimeService.removeContainer, { containerId }))
      sandboxIds.delete(containerId)
    },
    async containerStatus(containerId) {
      const [answer, sandboxId] = await Promise.all([
        call(runtimeService.containerStatus, { containerId }),
        sandboxIdOf(containerId),
      ])
      return fromContainerStatus(present(answer), sandboxId)
    },
    async listContainers() {
      return (await call(runtimeService.listContainers, {})).containers.map(fromContainer)
    },
    async reopenContainerLog(containerId) {
      await call(runtimeService.reopenContainerLog, { containerId })
    },

    async execSync(containerId, command, timeoutSeconds) {
      const limit = timeoutSeconds === 0 ? undefined : timeoutSeconds * 1000 + execGraceMs
      const request = { containerId, cmd: command, timeout: timeoutSeconds }
      const { stdout, stderr, exitCode } = await call(runtimeService.execSync, request, { timeoutMs: limit })
      return { stdout: textOf(stdout), stderr: textOf(stderr), exitCode }
    },
    async execUrl({ command, ...request }) {
      return (await call(runtimeService.exec, { ...request, cmd: command })).url
    },
    async attachUrl(request) {
      return (await call(runtimeService.attach, request)).url
    },
    async portForwardUrl(podSandboxId, port = []) {
      return (await call(runtimeService.portForward, { podSandboxId, port })).url
    },

    async imageStatus(image) {
      const answer = await call(imageService.imageStatus, { image: { image } })
      return answer.image && fromImage(answer.image)
    },
    async listImages() {
      return (await call(imageService.listImages, {})).images.map(fromImage)
    },
    async pullImage(image, auth, signal) {
      const request = { image: { image }, auth }
      return (await call(imageService.pullImage, request, { signal, timeoutMs: undefined })).imageRef
    },

    events: (signal) => runtimeEvents(client, signal),
    close: () => client.close(),
  }
}

/** What is asked to go and is gone is done. */
async function ignoreNotFound(done: Promise<unknown>): Promise<void> {
  try {
    await done
  } catch (error) {
    if (!(error instanceof RuntimeError && error.code === 'NOT_FOUND')) throw error
  }
}

function present<T>({ status }: { status: T | undefined }): T {
  if (status === undefined) throw new RuntimeError('INTERNAL', 'status answer without a status')
  return status
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8')
}
