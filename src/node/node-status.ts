import type { NodeCondition, NodeStatus } from '../api/kinds/node.ts'
import { rfc3339 } from '../base/rfc3339.ts'
import type { Machine, MachineLoad } from './machine.ts'

export interface NodeDescription {
  readonly name: string
  readonly address: string
  /** Of the kubelet API. */
  readonly kubeletPort: number
  readonly kubeletVersion: string
  readonly containerRuntimeVersion: string
  readonly machine: Machine
}

const mostPods = '110'
/** Upstream's eviction thresholds, the disk's as k3s sets it: a nearly full laptop is still of use. */
const leastMemoryBytes = 100 * 2 ** 20
const leastDisk = 0.05
const leastPids = 0.05

export function nodeLabels({ name, machine }: NodeDescription): Record<string, string> {
  return {
    'beta.kubernetes.io/arch': machine.architecture,
    'beta.kubernetes.io/os': 'linux',
    'kubernetes.io/arch': machine.architecture,
    'kubernetes.io/hostname': name,
    'kubernetes.io/os': 'linux',
  }
}

/** The status without conditions. */
export function nodeFacts(node: NodeDescription): NodeStatus {
  const { machine } = node
  const resources = {
    cpu: String(machine.cpus),
    memory: `${Math.floor(machine.memoryBytes / 1024)}Ki`,
    'ephemeral-storage': `${Math.floor(machine.diskBytes / 1024)}Ki`,
    pods: mostPods,
  }
  return {
    addresses: [
      { type: 'InternalIP', address: node.address },
      { type: 'Hostname', address: node.name },
    ],
    capacity: resources,
    allocatable: resources,
    daemonEndpoints: { kubeletEndpoint: { Port: node.kubeletPort } },
    nodeInfo: {
      architecture: machine.architecture,
      bootID: machine.bootID,
      containerRuntimeVersion: node.containerRuntimeVersion,
      kernelVersion: machine.kernelVersion,
      kubeProxyVersion: '',
      kubeletVersion: node.kubeletVersion,
      machineID: machine.machineID,
      operatingSystem: 'linux',
      osImage: machine.osImage,
      systemUUID: machine.machineID,
    },
  }
}

interface Finding {
  readonly type: string
  readonly status: 'True' | 'False'
  readonly reason: string
  readonly message: string
}

/**
 * The node's conditions; `problems` are what keeps it from running pods. Transition times are kept where the status is.
 */
export function nodeConditions(
  load: MachineLoad,
  problems: readonly string[],
  { before, now }: { before: readonly NodeCondition[]; now: Date },
): NodeCondition[] {
  return [memory(load), disk(load), pids(load), ready(problems)].map((finding) => {
    const known = before.find(({ type }) => type === finding.type)
    const kept = known?.status === finding.status ? known.lastTransitionTime : undefined
    return { ...finding, lastHeartbeatTime: rfc3339(now), lastTransitionTime: kept ?? rfc3339(now) }
  })
}

function memory({ memoryAvailableBytes }: MachineLoad): Finding {
  const type = 'MemoryPressure'
  if (memoryAvailableBytes >= leastMemoryBytes) {
    const message = 'kubelet has sufficient memory available'
    return { type, status: 'False', reason: 'KubeletHasSufficientMemory', message }
  }
  const message = 'kubelet has insufficient memory available'
  return { type, status: 'True', reason: 'KubeletHasInsufficientMemory', message }
}

function disk({ diskAvailable, inodesAvailable }: MachineLoad): Finding {
  const type = 'DiskPressure'
  return Math.min(diskAvailable, inodesAvailable) < leastDisk
    ? { type, status: 'True', reason: 'KubeletHasDiskPressure', message: 'kubelet has disk pressure' }
    : { type, status: 'False', reason: 'KubeletHasNoDiskPressure', message: 'kubelet has no disk pressure' }
}

function pids({ pidsAvailable }: MachineLoad): Finding {
  const type = 'PIDPressure'
  return pidsAvailable < leastPids
    ? { type, status: 'True', reason: 'KubeletHasInsufficientPID', message: 'kubelet has insufficient PID available' }
    : { type, status: 'False', reason: 'KubeletHasSufficientPID', message: 'kubelet has sufficient PID available' }
}

function ready(problems: readonly string[]): Finding {
  const type = 'Ready'
  return problems.length > 0
    ? { type, status: 'False', reason: 'KubeletNotReady', message: problems.join(', ') }
    : { type, status: 'True', reason: 'KubeletReady', message: 'kubelet is posting ready status' }
}
