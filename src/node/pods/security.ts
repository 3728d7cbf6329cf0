import type { Pod } from '../../api/kinds/pod.ts'
import { dottedSysctl } from '../../api/kinds/pod-spec/sysctls.ts'
import type { Image, LinuxContainer, SharedNamespaces } from '../cri/runtime.ts'
import { containersOf, describePod, type ContainerSpec } from './spec.ts'
import { StartFailure } from './start-failure.ts'

type SecurityContext = NonNullable<ContainerSpec['securityContext']>
type Identity = Pick<LinuxContainer, 'runAsUser' | 'runAsUsername' | 'runAsGroup' | 'supplementalGroups'>

/** Kernel interfaces that tell of, or act on, more than the container; the lists of upstream's pkg/securitycontext. */
const maskedPaths: readonly string[] = [
  '/proc/asound',
  '/proc/acpi',
  '/proc/interrupts',
  '/proc/kcore',
  '/proc/keys',
  '/proc/latency_stats',
  '/proc/timer_list',
  '/proc/timer_stats',
  '/proc/sched_debug',
  '/proc/scsi',
  '/sys/firmware',
  '/sys/devices/virtual/powercap',
]
const readonlyPaths: readonly string[] = ['/proc/bus', '/proc/fs', '/proc/irq', '/proc/sys', '/proc/sysrq-trigger']

/** A container's security context: its own settings before its pod's, and the image's user where neither names one. */
export function linuxSecurity(pod: Pod, spec: ContainerSpec, image: Image): Omit<LinuxContainer, 'resources'> {
  const own = spec.securityContext ?? {}
  const profile = own.seccompProfile ?? pod.spec.securityContext?.seccompProfile
  const unmasked = own.procMount === 'Unmasked'
  return {
    privileged: own.privileged === true,
    readonlyRootfs: own.readOnlyRootFilesystem === true,
    ...identityOf(pod, own, image),
    addCapabilities: own.capabilities?.add ?? [],
    dropCapabilities: own.capabilities?.drop ?? [],
    noNewPrivileges: own.allowPrivilegeEscalation === false,
    seccomp: profile?.type === 'RuntimeDefault' ? 'runtimeDefault' : 'unconfined',
    maskedPaths: unmasked ? [] : maskedPaths,
    readonlyPaths: unmasked ? [] : readonlyPaths,
    ...sharedNamespaces(pod),
  }
}

function identityOf({ spec }: Pod, own: SecurityContext, image: Image): Identity {
  const { securityContext: ofPod = {} } = spec
  const runAsUser = own.runAsUser ?? ofPod.runAsUser
  const runAsGroup = own.runAsGroup ?? ofPod.runAsGroup
  const { fsGroup, supplementalGroups = [] } = ofPod
  return {
    ...(runAsUser === undefined ? userOf(image) : { runAsUser }),
    ...(runAsGroup === undefined ? {} : { runAsGroup }),
    supplementalGroups: [...supplementalGroups, ...(fsGroup === undefined ? [] : [fsGroup])],
  }
}

/** The runtime takes a group only together with a user, so the image's is always given. */
function userOf({ uid, username }: Image): Pick<Identity, 'runAsUser' | 'runAsUsername'> {
  return username === undefined ? { runAsUser: uid ?? 0 } : { runAsUsername: username }
}

export function sharedNamespaces({ spec }: Pod): SharedNamespaces {
  return {
    hostNetwork: spec.hostNetwork === true,
    hostIPC: spec.hostIPC === true,
    processes: spec.hostPID === true ? 'node' : spec.shareProcessNamespace === true ? 'pod' : 'container',
  }
}

/** A sandbox must be privileged for any of its containers to be. */
export function hasPrivileged(pod: Pod): boolean {
  return containersOf(pod).some(({ spec }) => spec.securityContext?.privileged === true)
}

/** The pod's kernel parameters by dotted name, which is the only form that the runtime takes. */
export function sysctlsOf({ spec }: Pod): Readonly<Record<string, string>> {
  const sysctls = spec.securityContext?.sysctls ?? []
  return Object.fromEntries(sysctls.map(({ name, value }) => [dottedSysctl(name), value]))
}

/** Enforces `runAsNonRoot`. Throws `StartFailure`. */
export function verifyNonRoot(pod: Pod, { name, securityContext: own = {} }: ContainerSpec, image: Image): void {
  const required = own.runAsNonRoot ?? pod.spec.securityContext?.runAsNonRoot ?? false
  if (!required) return
  const user = own.runAsUser ?? pod.spec.securityContext?.runAsUser
  const where = `(pod: ${JSON.stringify(describePod(pod))}, container: ${name})`
  if (user === 0) throw refuse(`container's runAsUser breaks non-root policy ${where}`)
  if (user !== undefined || (image.uid ?? 0) > 0) return
  const { username = '' } = image
  const found =
    username === ''
      ? 'image will run as root'
      : `image has non-numeric user (${username}), cannot verify user is non-root`
  throw refuse(`container has runAsNonRoot and ${found} ${where}`)
}

function refuse(message: string): StartFailure {
  return new StartFailure('config', 'CreateContainerConfigError', message)
}
