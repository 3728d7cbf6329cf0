import type { Pod } from '../../api/kinds/pod.ts'
import type { ContainerConfig, Image, Mount } from '../cri/runtime.ts'
import { expand } from './expand.ts'
import { containerAnnotations, containerLabels, type ContainerFacts } from './labels.ts'
import { hostsFile, logPath, type NodePaths } from './paths.ts'
import { linuxResources } from './resources.ts'
import { linuxSecurity } from './security.ts'
import type { ContainerSpec } from './spec.ts'

export interface ContainerInputs extends ContainerFacts {
  /** What is known of the container's image. */
  readonly image: Image
  readonly variables: ReadonlyMap<string, string>
  readonly volumeMounts: readonly Mount[]
  readonly paths: NodePaths
  /** Of the node, in bytes. */
  readonly memoryCapacity: number
}

/** Compiles what the runtime is told of a container. */
export function containerConfig(pod: Pod, spec: ContainerSpec, inputs: ContainerInputs): ContainerConfig {
  const { attempt, variables } = inputs
  const expanded = (words: readonly string[] | undefined) => (words ?? []).map((word) => expand(word, variables))
  return {
    metadata: { name: spec.name, attempt },
    image: spec.image ?? '',
    command: expanded(spec.command),
    args: expanded(spec.args),
    workingDir: spec.workingDir ?? '',
    envs: [...variables].map(([key, value]) => ({ key, value })),
    mounts: [...inputs.volumeMounts, ...managedMounts(pod, spec, inputs)],
    labels: containerLabels(pod, spec),
    annotations: containerAnnotations(spec, inputs),
    logPath: logPath(spec.name, attempt),
    stdin: spec.stdin === true,
    stdinOnce: spec.stdinOnce === true,
    tty: spec.tty === true,
    linux: { ...linuxSecurity(pod, spec, inputs.image), resources: linuxResources(pod, spec, inputs.memoryCapacity) },
  }
}

/** Files that every container gets, unless its own mounts take their place. */
function managedMounts(pod: Pod, spec: ContainerSpec, { paths, terminationLog }: ContainerInputs): readonly Mount[] {
  const taken = new Set((spec.volumeMounts ?? []).map(({ mountPath }) => mountPath))
  return [
    { containerPath: '/etc/hosts', hostPath: hostsFile(paths, pod.metadata.uid) },
    { containerPath: spec.terminationMessagePath ?? '/dev/termination-log', hostPath: terminationLog },
  ]
    .filter(({ containerPath }) => !taken.has(containerPath))
    .map((mount) => ({ ...mount, readonly: false }))
}
