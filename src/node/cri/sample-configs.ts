import type { ContainerConfig, PodSandboxConfig, SharedNamespaces } from './runtime.ts'

const ownNamespaces: SharedNamespaces = { hostNetwork: false, hostIPC: false, processes: 'container' }

/** A pod's sandbox for tests, named by its pod. */
export function sampleSandbox(
  name: string,
  { logDirectory, cgroupParent }: Pick<PodSandboxConfig, 'logDirectory' | 'cgroupParent'>,
): PodSandboxConfig {
  return {
    metadata: { name, uid: `uid-of-${name}`, namespace: 'default', attempt: 0 },
    hostname: name,
    logDirectory,
    dns: { servers: ['10.96.0.10'], searches: ['svc.cluster.local'], options: ['ndots:5'] },
    portMappings: [],
    labels: { app: 'web' },
    annotations: { note: 'kept' },
    cgroupParent: `${cgroupParent}/${name}`,
    privileged: false,
    sysctls: {},
    ...ownNamespaces,
  }
}

/** A container for tests, without anything special but what is given. */
export function sampleContainer(config: Partial<ContainerConfig> & Pick<ContainerConfig, 'image'>): ContainerConfig {
  return {
    metadata: { name: 'main', attempt: 0 },
    command: [],
    args: [],
    workingDir: '',
    envs: [],
    mounts: [],
    labels: { role: 'main' },
    annotations: {},
    logPath: 'main.log',
    stdin: false,
    stdinOnce: false,
    tty: false,
    linux: {
      privileged: false,
      readonlyRootfs: false,
      supplementalGroups: [],
      addCapabilities: [],
      dropCapabilities: [],
      noNewPrivileges: false,
      seccomp: 'unconfined',
      maskedPaths: [],
      readonlyPaths: [],
      ...ownNamespaces,
      resources: { cpuQuota: 0, cpuShares: 2, memoryLimitInBytes: 0, oomScoreAdj: 0 },
    },
    ...config,
  }
}
