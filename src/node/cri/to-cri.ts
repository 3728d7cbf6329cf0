import type { Encodable } from './codec.ts'
import {
  mountPropagation,
  namespaceMode,
  protocols,
  securityProfile,
  type containerConfig,
  type podSandboxConfig,
} from './messages.ts'
import type { ContainerConfig, LinuxContainer, PodSandboxConfig, SharedNamespaces } from './runtime.ts'

export function toSandboxConfig(config: PodSandboxConfig): Encodable<typeof podSandboxConfig> {
  const { metadata, hostname, logDirectory, dns, portMappings, labels, annotations } = config
  const { cgroupParent, privileged, sysctls } = config
  return {
    metadata,
    hostname,
    logDirectory,
    dnsConfig: dns,
    portMappings: portMappings.map(({ protocol, containerPort, hostPort, hostIP }) => ({
      protocol: protocols[protocol],
      containerPort,
      hostPort,
      hostIp: hostIP,
    })),
    labels,
    annotations,
    linux: { cgroupParent, securityContext: { namespaceOptions: namespaces(config), privileged }, sysctls },
  }
}

export function toContainerConfig(container: ContainerConfig): Encodable<typeof containerConfig> {
  const { image, linux, mounts, ...config } = container
  return {
    ...config,
    image: { image },
    mounts: mounts.map(({ propagation, ...mount }) => ({
      ...mount,
      ...(propagation === undefined ? {} : { propagation: mountPropagation[propagation] }),
    })),
    linux: { resources: resources(linux), securityContext: securityContext(linux) },
  }
}

const processNamespaces = {
  container: namespaceMode.container,
  pod: namespaceMode.pod,
  node: namespaceMode.node,
} as const

/** Containers of a pod share network and IPC with one another, if not with the node. */
function namespaces({ hostNetwork, hostIPC, processes }: SharedNamespaces) {
  return {
    network: hostNetwork ? namespaceMode.node : namespaceMode.pod,
    pid: processNamespaces[processes],
    ipc: hostIPC ? namespaceMode.node : namespaceMode.pod,
  }
}

function resources({ resources: { cpuQuota, cpuShares, memoryLimitInBytes, oomScoreAdj } }: LinuxContainer) {
  return { cpuPeriod: 100_000, cpuQuota, cpuShares, memoryLimitInBytes, oomScoreAdj }
}

function securityContext(linux: LinuxContainer) {
  const { privileged, readonlyRootfs, runAsUser, runAsUsername, runAsGroup, supplementalGroups } = linux
  return {
    capabilities: { addCapabilities: linux.addCapabilities, dropCapabilities: linux.dropCapabilities },
    privileged,
    namespaceOptions: namespaces(linux),
    runAsUser: runAsUser === undefined ? undefined : { value: runAsUser },
    runAsUsername,
    runAsGroup: runAsGroup === undefined ? undefined : { value: runAsGroup },
    readonlyRootfs,
    supplementalGroups,
    noNewPrivs: linux.noNewPrivileges,
    maskedPaths: linux.maskedPaths,
    readonlyPaths: linux.readonlyPaths,
    seccomp: { profileType: securityProfile[linux.seccomp] },
  }
}
