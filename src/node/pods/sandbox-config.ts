import { join } from 'node:path'
import type { Pod } from '../../api/kinds/pod.ts'
import type { PodSandboxConfig, PortMapping } from '../cri/runtime.ts'
import type { ResolvConf } from '../../base/resolv-conf.ts'
import { nodenameOf } from './hostname.ts'
import { podLabels } from './labels.ts'
import { logDirectory, ownerOf, type NodePaths } from './paths.ts'
import { qosClassOf } from './resources.ts'
import { hasPrivileged, sharedNamespaces, sysctlsOf } from './security.ts'
import { containersOf } from './spec.ts'

export interface SandboxFacts {
  readonly attempt: number
  readonly dns: ResolvConf
  /** `cluster.local` */
  readonly clusterDomain: string
  readonly paths: NodePaths
  /** cgroup under which all pods of the node are, e.g. `/portolan/node-1`. */
  readonly cgroupRoot: string
}

/** Compiles the sandbox of a pod. The same pod and attempt give the same configuration. Throws `StartFailure`. */
export function sandboxConfig(pod: Pod, { attempt, dns, clusterDomain, paths, cgroupRoot }: SandboxFacts): PodSandboxConfig {
  const owner = ownerOf(pod)
  return {
    metadata: { ...owner, attempt },
    // Who shares the node's network shares its name, and cannot be given another.
    hostname: pod.spec.hostNetwork === true ? '' : nodenameOf(pod, clusterDomain),
    logDirectory: logDirectory(paths, owner),
    dns,
    portMappings: pod.spec.hostNetwork === true ? [] : portMappings(pod),
    labels: podLabels(pod),
    annotations: pod.metadata.annotations ?? {},
    cgroupParent: podCgroup(pod, cgroupRoot),
    privileged: hasPrivileged(pod),
    sysctls: sysctlsOf(pod),
    ...sharedNamespaces(pod),
  }
}

/** One cgroup a pod, under one a QoS class, as upstream lays them out. */
export function podCgroup(pod: Pod, root: string): string {
  return join(root, qosClassOf(pod).toLowerCase(), `pod${pod.metadata.uid}`)
}

function portMappings(pod: Pod): PortMapping[] {
  return containersOf(pod)
    .flatMap(({ spec }) => spec.ports ?? [])
    .filter(({ hostPort }) => hostPort !== undefined && hostPort !== 0)
    .map(({ protocol = 'TCP', containerPort, hostPort = 0, hostIP = '' }) => ({
      protocol: protocol as PortMapping['protocol'],
      containerPort,
      hostPort,
      hostIP,
    }))
}
