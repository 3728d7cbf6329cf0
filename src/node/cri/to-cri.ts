import type { Encodable } from './codec.ts'
import { namespaceMode, protocols, type containerConfig, type podSandboxConfig } from './messages.ts'
import type { ContainerConfig, LinuxContainer, PodSandboxConfig } from './runtime.ts'

export function toSandboxConfig(config: PodSandboxConfig): Encodable<typeof podSandboxConfig> {
  const { metadata, hostname, logDirectory, dns, portMappings, labels, annotations, cgroupParent, hostNetwork } = config
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
    linux: { cgroupParent, securityContext: { namespaceOptions: namespaces(hostNetwork) } },
  }
}

export function toContainerConfig({ image, linux, ...config }: ContainerConfig): Encodable<typeof containerConfig> {
  return {
    ...config,
    image: { image },
    linux: { resources: resources(linux), securityContext: securityContext(linux) },
  }
}

/** Containers of a pod share network and IPC, and see only their own processes, as Kubernetes has it by default. */
function namespaces(hostNetwork: boolean) {
  return {
    network: hostNetwork ? namespaceMode.node : namespaceMode.pod,
    pid: namespaceMode.container,
    ipc: namespaceMode.pod,
  }
}

function resources({ resources: { cpuQuota, cpuShares, memoryLimitInBytes, oomScoreAdj } }: LinuxContainer) {
  return { cpuPeriod: 100_000, cpuQuota, cpuShares, memoryLimitInBytes, oomScoreAdj }
}

function securityContext(linux: LinuxContainer) {
  const { privileged, readonlyRootfs, runAsUser, runAsGroup, supplementalGroups, noNewPrivileges, hostNetwork } = linux
  return {
    capabilities: { addCapabilities: linux.addCapabilities, dropCapabilities: linux.dropCapabilities },
    privileged,
    namespaceOptions: namespaces(hostNetwork),
    runAsUser: runAsUser === undefined ? undefined : { value: runAsUser },
    runAsGroup: runAsGroup === undefined ? undefined : { value: runAsGroup },
    readonlyRootfs,
    supplementalGroups,
    noNewPrivs: noNewPrivileges,
  }
}
