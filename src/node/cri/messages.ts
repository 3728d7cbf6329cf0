import { map, message, one, repeated } from './codec.ts'

/**
 * The messages that Portolan uses, of CRI `runtime.v1` and of containerd's events, with only the fields that it uses.
 * Numbers are those of the published definitions: `k8s.io/cri-api` and `github.com/containerd/containerd/api`.
 */
export const empty = message({})
const int64Value = message({ value: one(1, 'int64') })
export const imageSpec = message({ image: one(1, 'string') })
export const sandboxId = message({ podSandboxId: one(1, 'string') })
export const containerId = message({ containerId: one(1, 'string') })
export const url = message({ url: one(1, 'string') })

const podSandboxMetadata = message({
  name: one(1, 'string'),
  uid: one(2, 'string'),
  namespace: one(3, 'string'),
  attempt: one(4, 'uint32'),
})

/** Modes: `namespaceMode`. */
const namespaceOption = message({ network: one(1, 'int32'), pid: one(2, 'int32'), ipc: one(3, 'int32') })

export const podSandboxConfig = message({
  metadata: one(1, podSandboxMetadata),
  hostname: one(2, 'string'),
  logDirectory: one(3, 'string'),
  dnsConfig: one(
    4,
    message({ servers: repeated(1, 'string'), searches: repeated(2, 'string'), options: repeated(3, 'string') }),
  ),
  portMappings: repeated(
    5,
    message({
      protocol: one(1, 'int32'),
      containerPort: one(2, 'int32'),
      hostPort: one(3, 'int32'),
      hostIp: one(4, 'string'),
    }),
  ),
  labels: map(6),
  annotations: map(7),
  linux: one(
    8,
    message({
      cgroupParent: one(1, 'string'),
      securityContext: one(2, message({ namespaceOptions: one(1, namespaceOption), privileged: one(6, 'bool') })),
      sysctls: map(3),
    }),
  ),
})

export const podSandbox = message({
  id: one(1, 'string'),
  metadata: one(2, podSandboxMetadata),
  state: one(3, 'int32'),
  createdAt: one(4, 'int64'),
  labels: map(5),
  annotations: map(6),
})

export const podSandboxStatus = message({
  id: one(1, 'string'),
  metadata: one(2, podSandboxMetadata),
  state: one(3, 'int32'),
  createdAt: one(4, 'int64'),
  network: one(5, message({ ip: one(1, 'string') })),
  labels: map(7),
  annotations: map(8),
})

const containerMetadata = message({ name: one(1, 'string'), attempt: one(2, 'uint32') })

const linuxContainerConfig = message({
  resources: one(
    1,
    message({
      cpuPeriod: one(1, 'int64'),
      cpuQuota: one(2, 'int64'),
      cpuShares: one(3, 'int64'),
      memoryLimitInBytes: one(4, 'int64'),
      oomScoreAdj: one(5, 'int64'),
    }),
  ),
  securityContext: one(
    2,
    message({
      capabilities: one(
        1,
        message({ addCapabilities: repeated(1, 'string'), dropCapabilities: repeated(2, 'string') }),
      ),
      privileged: one(2, 'bool'),
      namespaceOptions: one(3, namespaceOption),
      runAsUser: one(5, int64Value),
      runAsGroup: one(12, int64Value),
      runAsUsername: one(6, 'string'),
      readonlyRootfs: one(7, 'bool'),
      supplementalGroups: repeated(8, 'int64'),
      noNewPrivs: one(11, 'bool'),
      maskedPaths: repeated(13, 'string'),
      readonlyPaths: repeated(14, 'string'),
      // Profiles: `securityProfile`.
      seccomp: one(15, message({ profileType: one(1, 'int32') })),
    }),
  ),
})

export const containerConfig = message({
  metadata: one(1, containerMetadata),
  image: one(2, imageSpec),
  command: repeated(3, 'string'),
  args: repeated(4, 'string'),
  workingDir: one(5, 'string'),
  envs: repeated(6, message({ key: one(1, 'string'), value: one(2, 'string') })),
  mounts: repeated(
    7,
    message({
      containerPath: one(1, 'string'),
      hostPath: one(2, 'string'),
      readonly: one(3, 'bool'),
      // As in `mountPropagation`.
      propagation: one(5, 'int32'),
    }),
  ),
  labels: map(9),
  annotations: map(10),
  logPath: one(11, 'string'),
  stdin: one(12, 'bool'),
  stdinOnce: one(13, 'bool'),
  tty: one(14, 'bool'),
  linux: one(15, linuxContainerConfig),
})

export const container = message({
  id: one(1, 'string'),
  podSandboxId: one(2, 'string'),
  metadata: one(3, containerMetadata),
  image: one(4, imageSpec),
  imageRef: one(5, 'string'),
  state: one(6, 'int32'),
  createdAt: one(7, 'int64'),
  labels: map(8),
  annotations: map(9),
})

export const containerStatus = message({
  id: one(1, 'string'),
  metadata: one(2, containerMetadata),
  state: one(3, 'int32'),
  createdAt: one(4, 'int64'),
  startedAt: one(5, 'int64'),
  finishedAt: one(6, 'int64'),
  exitCode: one(7, 'int32'),
  image: one(8, imageSpec),
  imageRef: one(9, 'string'),
  reason: one(10, 'string'),
  message: one(11, 'string'),
  labels: map(12),
  annotations: map(13),
  logPath: one(15, 'string'),
})

export const image = message({
  id: one(1, 'string'),
  repoTags: repeated(2, 'string'),
  repoDigests: repeated(3, 'string'),
  size: one(4, 'uint64'),
  uid: one(5, int64Value),
  username: one(6, 'string'),
})

export const authConfig = message({ username: one(1, 'string'), password: one(2, 'string') })

export const runtimeStatus = message({
  conditions: repeated(
    1,
    message({ type: one(1, 'string'), status: one(2, 'bool'), reason: one(3, 'string'), message: one(4, 'string') }),
  ),
})

/** An event's envelope; `event` is a `google.protobuf.Any`. */
export const envelope = message({
  namespace: one(2, 'string'),
  topic: one(3, 'string'),
  event: one(4, message({ typeUrl: one(1, 'string'), value: one(2, 'bytes') })),
})

/** `containerd.events.TaskExit`; an exec in the container ends with an `id` of its own. */
export const taskExit = message({ containerId: one(1, 'string'), id: one(2, 'string') })
/** `containerd.events.TaskOOM`. */
export const taskOom = message({ containerId: one(1, 'string') })

/** Enumerations by number. */
export const protocols = { TCP: 0, UDP: 1, SCTP: 2 } as const
export const namespaceMode = { pod: 0, container: 1, node: 2 } as const
export const mountPropagation = { hostToContainer: 1, bidirectional: 2 } as const
export const securityProfile = { runtimeDefault: 0, unconfined: 1 } as const
export const sandboxStates = ['ready', 'notReady'] as const
export const containerStates = ['created', 'running', 'exited', 'unknown'] as const
