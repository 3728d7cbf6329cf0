import type { Pod } from '../../api/kinds/pod.ts'
import type { Image, LinuxContainer } from '../cri/runtime.ts'
import type { ContainerSpec } from './spec.ts'
import { StartFailure } from './start-failure.ts'

/** A container's security context: its own settings before its pod's. */
export function linuxSecurity(pod: Pod, spec: ContainerSpec): Omit<LinuxContainer, 'resources'> {
  const own = spec.securityContext ?? {}
  const ofPod = pod.spec.securityContext ?? {}
  const runAsUser = own.runAsUser ?? ofPod.runAsUser
  const runAsGroup = own.runAsGroup ?? ofPod.runAsGroup
  const { fsGroup, supplementalGroups = [] } = ofPod
  return {
    privileged: own.privileged === true,
    readonlyRootfs: own.readOnlyRootFilesystem === true,
    ...(runAsUser === undefined ? {} : { runAsUser }),
    ...(runAsGroup === undefined ? {} : { runAsGroup }),
    supplementalGroups: [...supplementalGroups, ...(fsGroup === undefined ? [] : [fsGroup])],
    addCapabilities: own.capabilities?.add ?? [],
    dropCapabilities: own.capabilities?.drop ?? [],
    noNewPrivileges: own.allowPrivilegeEscalation === false,
    hostNetwork: pod.spec.hostNetwork === true,
  }
}

/** Enforces `runAsNonRoot`. Throws `StartFailure`. */
export function verifyNonRoot(pod: Pod, { name, securityContext: own = {} }: ContainerSpec, image: Image): void {
  const required = own.runAsNonRoot ?? pod.spec.securityContext?.runAsNonRoot ?? false
  if (!required) return
  const user = own.runAsUser ?? pod.spec.securityContext?.runAsUser
  if (user === 0) throw refuse(`container's runAsUser breaks non-root policy (container: ${name})`)
  if (user !== undefined || (image.uid ?? 0) > 0) return
  const { username = '' } = image
  const found =
    username === ''
      ? 'image will run as root'
      : `image has non-numeric user (${username}), cannot verify user is non-root`
  throw refuse(`container has runAsNonRoot and ${found} (container: ${name})`)
}

function refuse(message: string): StartFailure {
  return new StartFailure('config', 'CreateContainerConfigError', message)
}
