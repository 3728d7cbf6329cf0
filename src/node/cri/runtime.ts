/**
 * What the agent asks of a container runtime: the Container Runtime Interface (CRI `runtime.v1`) in the terms of
 * https://kubernetes.io/docs/concepts/architecture/cri, reduced to the fields that Portolan uses.
 * Calls reject with `RuntimeError`, whose `code` is the gRPC status name.
 */
export interface ContainerRuntime {
  version(signal?: AbortSignal): Promise<{ name: string; version: string }>

  /** Creates and starts the sandbox: namespaces, network through CNI, pause container. Resolves to its id. */
  runPodSandbox(config: PodSandboxConfig, signal?: AbortSignal): Promise<string>
  /** Kills what runs in the sandbox and takes its network down. Idempotent. */
  stopPodSandbox(id: string): Promise<void>
  /** Removes a sandbox and its containers. Idempotent. */
  removePodSandbox(id: string): Promise<void>
  podSandboxStatus(id: string): Promise<PodSandbox>
  listPodSandboxes(): Promise<readonly PodSandbox[]>

  /** Resolves to the id of a container that is created but not started. */
  createContainer(sandboxId: string, config: ContainerConfig, sandbox: PodSandboxConfig): Promise<string>
  startContainer(id: string): Promise<void>
  /** SIGTERM (or the image's stop signal), then SIGKILL after the time. Resolves when it has ended. Idempotent. */
  stopContainer(id: string, timeoutSeconds: number): Promise<void>
  removeContainer(id: string): Promise<void>
  containerStatus(id: string): Promise<Container>
  listContainers(): Promise<readonly Container[]>
  /** Tells the runtime to reopen the log file after it was rotated. */
  reopenContainerLog(id: string): Promise<void>

  /** Runs a command to its end. `timeoutSeconds` 0 means no limit; on time-out rejects with code DEADLINE_EXCEEDED. */
  execSync(id: string, command: readonly string[], timeoutSeconds: number): Promise<ExecResult>
  /** URLs of the runtime's streaming server, on loopback in the node's namespace; each is good for one connection. */
  execUrl(request: StreamRequest & { command: readonly string[] }): Promise<string>
  attachUrl(request: StreamRequest): Promise<string>
  /** `ports` are those of a WebSocket, which has one pair of channels for each; SPDY names them later. */
  portForwardUrl(sandboxId: string, ports?: readonly number[]): Promise<string>

  /** Undefined if the image is not there. */
  imageStatus(image: string): Promise<Image | undefined>
  listImages(): Promise<readonly Image[]>
  /** Resolves to the image's id; without `auth` the registry is asked as nobody. Rejects with the registry's own words. */
  pullImage(image: string, auth?: RegistryAuth, signal?: AbortSignal): Promise<string>

  /** Ends and out-of-memory kills of containers and sandboxes, as they happen, until the signal aborts. */
  events(signal: AbortSignal): AsyncIterable<RuntimeEvent>
}

/** What a pod shares with its node, and its containers with one another. */
export interface SharedNamespaces {
  /** Share the node's network namespace instead of having an own one. */
  readonly hostNetwork: boolean
  /** Share the node's System V IPC and POSIX message queues. */
  readonly hostIPC: boolean
  /** Whose processes a container sees: its own, its pod's, or the node's. */
  readonly processes: 'container' | 'pod' | 'node'
}

export interface PodSandboxConfig extends SharedNamespaces {
  readonly metadata: { readonly name: string; readonly uid: string; readonly namespace: string; readonly attempt: number }
  /** '' in the node's network, where it cannot be set. */
  readonly hostname: string
  readonly logDirectory: string
  readonly dns?: { readonly servers: readonly string[]; readonly searches: readonly string[]; readonly options: readonly string[] }
  readonly portMappings: readonly PortMapping[]
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
  readonly cgroupParent: string
  /** Whether a privileged container may be in it. */
  readonly privileged: boolean
  /** Kernel parameters of the pod's namespaces, by dotted name. */
  readonly sysctls: Readonly<Record<string, string>>
}

export interface PortMapping {
  readonly protocol: 'TCP' | 'UDP' | 'SCTP'
  readonly containerPort: number
  readonly hostPort: number
  readonly hostIP: string
}

export interface ContainerConfig {
  readonly metadata: { readonly name: string; readonly attempt: number }
  readonly image: string
  readonly command: readonly string[]
  readonly args: readonly string[]
  readonly workingDir: string
  readonly envs: readonly { readonly key: string; readonly value: string }[]
  readonly mounts: readonly Mount[]
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
  /** Relative to the sandbox's `logDirectory`. */
  readonly logPath: string
  readonly stdin: boolean
  readonly stdinOnce: boolean
  readonly tty: boolean
  readonly linux: LinuxContainer
}

export interface Mount {
  readonly containerPath: string
  readonly hostPath: string
  readonly readonly: boolean
  /** Whether mounts made later below it are seen in the container, or also those made in the container outside. */
  readonly propagation?: 'hostToContainer' | 'bidirectional'
}

export interface LinuxContainer extends SharedNamespaces {
  readonly privileged: boolean
  readonly readonlyRootfs: boolean
  /** At most one of the number and the name, which the image's /etc/passwd must have. */
  readonly runAsUser?: number
  readonly runAsUsername?: string
  readonly runAsGroup?: number
  readonly supplementalGroups: readonly number[]
  readonly addCapabilities: readonly string[]
  readonly dropCapabilities: readonly string[]
  readonly noNewPrivileges: boolean
  /** System calls: those that the runtime allows by default, or all. */
  readonly seccomp: 'runtimeDefault' | 'unconfined'
  /** Paths hidden from the container, and those it can only read; not in privileged ones. */
  readonly maskedPaths: readonly string[]
  readonly readonlyPaths: readonly string[]
  readonly resources: LinuxResources
}

export interface LinuxResources {
  /** CFS quota in microseconds per period of 100 ms; 0 is none. */
  readonly cpuQuota: number
  readonly cpuShares: number
  /** Bytes; 0 is none. */
  readonly memoryLimitInBytes: number
  readonly oomScoreAdj: number
}

export interface PodSandbox {
  readonly id: string
  readonly metadata: PodSandboxConfig['metadata']
  readonly state: 'ready' | 'notReady'
  readonly createdAt: Date
  /** Set by `podSandboxStatus` only; '' while it has no network of its own. */
  readonly ip: string
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
}

export interface Container {
  readonly id: string
  readonly sandboxId: string
  readonly metadata: ContainerConfig['metadata']
  readonly image: string
  readonly imageRef: string
  readonly state: 'created' | 'running' | 'exited' | 'unknown'
  readonly createdAt: Date
  /** The rest is set by `containerStatus` only. */
  readonly startedAt?: Date
  readonly finishedAt?: Date
  readonly exitCode?: number
  /** `OOMKilled`, `Completed`, `Error`, `StartError`, … as containerd words it. */
  readonly reason?: string
  readonly message?: string
  readonly logPath?: string
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
}

export interface ExecResult {
  readonly stdout: string
  readonly stderr: string
  readonly exitCode: number
}

export interface StreamRequest {
  readonly containerId: string
  readonly stdin: boolean
  readonly stdout: boolean
  readonly stderr: boolean
  readonly tty: boolean
}

export interface Image {
  readonly id: string
  readonly repoTags: readonly string[]
  readonly repoDigests: readonly string[]
  readonly sizeBytes: number
  /** The user that the image runs as, if it names a number, or else `username`; neither for root by default. */
  readonly uid?: number
  readonly username?: string
}

/** Who a registry is asked as. */
export interface RegistryAuth {
  readonly username: string
  readonly password: string
}

export interface RuntimeEvent {
  readonly type: 'exit' | 'oom'
  /** Id of a container or of a sandbox (whose pause container ended). */
  readonly containerId: string
}

export class RuntimeError extends Error {
  override readonly name = 'RuntimeError'
  /** gRPC status name: NOT_FOUND, DEADLINE_EXCEEDED, UNAVAILABLE, UNKNOWN, … */
  readonly code: string
  constructor(code: string, message: string) {
    super(message)
    this.code = code
  }
}
