/** With which rights a pod and its containers run. */
import { duplicate, invalid, notSupported, required, type FieldError } from '../../field-error.ts'
import { isInRange } from '../../names.ts'
import { checked, validateOptionalEnum } from '../values.ts'
import { validateDescendingPath } from './paths.ts'
import type { Container, PodSpec } from './types.ts'

type PodSecurity = NonNullable<PodSpec['securityContext']>
type ContainerSecurity = NonNullable<Container['securityContext']>
type Profile = NonNullable<PodSecurity['seccompProfile']>

const maxId = 2 ** 31 - 1
const profileTypes: readonly string[] = ['Localhost', 'RuntimeDefault', 'Unconfined']
const changePolicies: readonly string[] = ['Always', 'OnRootMismatch']
const groupPolicies: readonly string[] = ['Merge', 'Strict']
const procMounts: readonly string[] = ['Default', 'Unmasked']

export function validatePodSecurity(spec: PodSpec, parent: string): FieldError[] {
  const { securityContext: context = {}, shareProcessNamespace, hostPID } = spec
  const { supplementalGroups: groups = [] } = context
  const path = `${parent}.securityContext`
  const bothNamespaces = 'ShareProcessNamespace and HostPID cannot both be enabled'
  return [
    ...validateId(context.fsGroup, `${path}.fsGroup`),
    ...validateId(context.runAsUser, `${path}.runAsUser`),
    ...validateId(context.runAsGroup, `${path}.runAsGroup`),
    ...groups.flatMap((id, index) => validateId(id, `${path}.supplementalGroups[${index}]`)),
    ...(shareProcessNamespace === true && hostPID === true
      ? [invalid(`${path}.shareProcessNamespace`, true, bothNamespaces)]
      : []),
    ...validateSysctls(context.sysctls ?? [], spec, `${path}.sysctls`),
    ...validateOptionalEnum(context.fsGroupChangePolicy, `${path}.fsGroupChangePolicy`, changePolicies),
    ...validateSeccomp(context.seccompProfile, `${path}.seccompProfile`),
    ...validateAppArmor(context.appArmorProfile, `${path}.appArmorProfile`),
    ...validateOptionalEnum(context.supplementalGroupsPolicy, `${path}.supplementalGroupsPolicy`, groupPolicies),
  ]
}

/** `hostUsers`: whether the pod shares the user namespace of its node. */
export function validateContainerSecurity(context: ContainerSecurity, hostUsers: boolean, path: string): FieldError[] {
  const { procMount } = context
  const unmasked = '`hostUsers` must be false to use `Unmasked`'
  return [
    ...validateId(context.runAsUser, `${path}.runAsUser`),
    ...validateId(context.runAsGroup, `${path}.runAsGroup`),
    ...validateOptionalEnum(procMount, `${path}.procMount`, procMounts),
    ...(hostUsers && procMount === 'Unmasked' ? [invalid(`${path}.procMount`, procMount, unmasked)] : []),
    ...validateSeccomp(context.seccompProfile, `${path}.seccompProfile`),
    ...validateEscalation(context, path),
    ...validateAppArmor(context.appArmorProfile, `${path}.appArmorProfile`),
  ]
}

function validateEscalation(context: ContainerSecurity, path: string): FieldError[] {
  if (context.allowPrivilegeEscalation !== false) return []
  const contradicts = 'cannot set `allowPrivilegeEscalation` to false and'
  const isAdmin = context.capabilities?.add?.includes('CAP_SYS_ADMIN') === true
  return [
    ...(context.privileged === true ? [invalid(path, context, `${contradicts} \`privileged\` to true`)] : []),
    ...(isAdmin ? [invalid(path, context, `${contradicts} \`capabilities.Add\` CAP_SYS_ADMIN`)] : []),
  ]
}

function validateId(id: number | undefined, path: string): FieldError[] {
  return id === undefined ? [] : checked(id, path, (value) => isInRange(value, 0, maxId))
}

function validateSeccomp(profile: Profile | undefined, path: string): FieldError[] {
  if (profile === undefined) return []
  const { type = '', localhostProfile } = profile
  const filePath = `${path}.localhostProfile`
  const typeErrors = validateProfileType(type, 'seccompProfile', `${path}.type`)
  if (type !== 'Localhost') {
    if (localhostProfile === undefined) return typeErrors
    return [...typeErrors, invalid(filePath, profile, 'can only be set when seccomp type is Localhost')]
  }
  if (localhostProfile === undefined) return [required(filePath, 'must be set when seccomp type is Localhost')]
  return validateDescendingPath(localhostProfile, filePath)
}

function validateAppArmor(profile: Profile | undefined, path: string): FieldError[] {
  if (profile === undefined) return []
  const { type = '', localhostProfile } = profile
  const namePath = `${path}.localhostProfile`
  const typeErrors = validateProfileType(type, 'appArmorProfile', `${path}.type`)
  if (typeErrors.length > 0) return typeErrors
  if (type !== 'Localhost') {
    if (localhostProfile === undefined) return []
    return [invalid(namePath, localhostProfile, 'can only be set when AppArmor type is Localhost')]
  }
  const name = localhostProfile ?? ''
  if (name.trim() !== name) return [invalid(namePath, name, 'must not be padded with whitespace')]
  return name === '' ? [required(namePath, 'must be set when AppArmor type is Localhost')] : []
}

function validateProfileType(type: string, field: string, path: string): FieldError[] {
  if (type === '') return [required(path, `type is required when ${field} is set`)]
  return profileTypes.includes(type) ? [] : [notSupported(path, type, profileTypes)]
}

const sysctlPattern = /^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$/
const maxSysctlLength = 253

function validateSysctls(sysctls: readonly { name?: string | undefined }[], spec: PodSpec, path: string): FieldError[] {
  const seen = new Set<string>()
  return sysctls.flatMap(({ name = '' }, index) => {
    const namePath = `${path}[${index}].name`
    if (name === '') return [required(namePath)]
    const errors = validateSysctl(name, spec, namePath)
    if (seen.has(name)) errors.push(duplicate(namePath, name))
    seen.add(name)
    return errors
  })
}

/** A sysctl belongs to a namespace; one that is the node's is not the pod's to change. */
function validateSysctl(name: string, { hostNetwork, hostIPC }: PodSpec, path: string): FieldError[] {
  if (name.length > maxSysctlLength || !sysctlPattern.test(name)) {
    const form = '^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$'
    return [invalid(path, name, `must have at most ${maxSysctlLength} characters and match regex ${form}`)]
  }
  const dotted = name.replaceAll('/', '.')
  if (hostNetwork === true && dotted.startsWith('net.')) {
    return [invalid(path, name, "may not be specified when 'hostNetwork' is true")]
  }
  const isIpc = ['kernel.shm', 'kernel.msg', 'kernel.sem', 'fs.mqueue.'].some((prefix) => dotted.startsWith(prefix))
  return hostIPC === true && isIpc ? [invalid(path, name, "may not be specified when 'hostIPC' is true")] : []
}
