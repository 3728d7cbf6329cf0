import type { Pod, PodSpec } from '../../api/kinds/pod.ts'

export type ContainerSpec = PodSpec['containers'][number]
export type VolumeSpec = NonNullable<PodSpec['volumes']>[number]
export type EnvVar = NonNullable<ContainerSpec['env']>[number]
export type EnvVarSource = NonNullable<EnvVar['valueFrom']>
export type TokenProjection = NonNullable<
  NonNullable<NonNullable<VolumeSpec['projected']>['sources']>[number]['serviceAccountToken']
>
export type RestartPolicy = 'Always' | 'OnFailure' | 'Never'

/**
 * What a container is to its pod: `init` runs to its end before the next one, `sidecar` is an init container with
 * `restartPolicy: Always` (KEP-753), `main` is one of `spec.containers`.
 */
export type Role = 'init' | 'sidecar' | 'main'

export interface PodContainer {
  readonly spec: ContainerSpec
  readonly role: Role
}

/** Init containers and sidecars in their order, then the main containers. */
export function containersOf(pod: Pod): readonly PodContainer[] {
  return [
    ...initContainersOf(pod),
    ...pod.spec.containers.map((spec): PodContainer => ({ spec, role: 'main' })),
  ]
}

export function initContainersOf(pod: Pod): readonly PodContainer[] {
  return (pod.spec.initContainers ?? []).map((spec) => ({
    spec,
    role: spec.restartPolicy === 'Always' ? 'sidecar' : 'init',
  }))
}

export function mainContainersOf(pod: Pod): readonly PodContainer[] {
  return containersOf(pod).filter(({ role }) => role === 'main')
}

export function findContainer(pod: Pod, name: string): PodContainer | undefined {
  return containersOf(pod).find(({ spec }) => spec.name === name)
}

/** The tokens of its ServiceAccount that the pod's volumes hold. */
export function tokenProjectionsOf({ spec }: Pod): readonly TokenProjection[] {
  return (spec.volumes ?? []).flatMap(tokenProjectionsIn)
}

export function tokenProjectionsIn({ projected }: VolumeSpec): readonly TokenProjection[] {
  return (projected?.sources ?? []).flatMap(({ serviceAccountToken }) => serviceAccountToken ?? [])
}

/** The policy by which one container restarts; init containers of an `Always` pod stop at success. */
export function restartPolicyOf(pod: Pod, { role }: PodContainer): RestartPolicy {
  const policy = (pod.spec.restartPolicy ?? 'Always') as RestartPolicy
  switch (role) {
    case 'sidecar':
      return 'Always'
    case 'init':
      return policy === 'Always' ? 'OnFailure' : policy
    case 'main':
      return policy
    default:
      return role satisfies never
  }
}

/** `name_namespace(uid)`, as upstream's messages print a pod. */
export function describePod(pod: Pod): string {
  const { name, namespace = '', uid } = pod.metadata
  return `${name}_${namespace}(${uid})`
}
