import { duplicate, invalid, notSupported, required, type FieldError } from '../../field-error.ts'
import { isPortName, isPortNumber } from '../../names.ts'
import { checked, validateEnum, validateLabel, validateProtocol } from '../values.ts'
import { validateEnv, validateEnvFrom } from './env.ts'
import { validateResources } from './resources.ts'
import { validateContainerSecurity } from './security.ts'
import type { Container } from './types.ts'
import { validateVolumeDevices, validateVolumeMounts } from './volume-mounts.ts'
import type { MountableVolumes } from './volumes.ts'

/** What of the pod the rules of one container look at. */
export interface PodContext {
  readonly volumes: MountableVolumes
  /** In seconds. */
  readonly gracePeriod: number
  readonly restartPolicy: string
  /** Whether the pod shares the user namespace of its node. */
  readonly hostUsers: boolean
}

const pullPolicies: readonly string[] = ['Always', 'IfNotPresent', 'Never']
const messagePolicies: readonly string[] = ['File', 'FallbackToLogsOnError']
const resizableResources: readonly string[] = ['cpu', 'memory']
const resizePolicies: readonly string[] = ['NotRequired', 'RestartContainer']

/** What holds for containers of every sort. */
export function validateContainer(container: Container, pod: PodContext, path: string): FieldError[] {
  const { name = '', securityContext } = container
  return [
    ...(name === '' ? [required(`${path}.name`)] : validateLabel(name, `${path}.name`)),
    ...((container.image ?? '') === '' ? [required(`${path}.image`)] : []),
    ...validateEnum(container.terminationMessagePolicy, `${path}.terminationMessagePolicy`, messagePolicies),
    ...validatePorts(container, `${path}.ports`),
    ...validateEnv(container.env ?? [], `${path}.env`),
    ...validateEnvFrom(container.envFrom ?? [], `${path}.envFrom`),
    ...validateVolumeMounts(container, pod.volumes, `${path}.volumeMounts`),
    ...validateVolumeDevices(container, pod.volumes, `${path}.volumeDevices`),
    ...validateEnum(container.imagePullPolicy, `${path}.imagePullPolicy`, pullPolicies),
    ...validateResources(container.resources ?? {}, `${path}.resources`),
    ...validateResizePolicy(container, pod, `${path}.resizePolicy`),
    ...(securityContext === undefined
      ? []
      : validateContainerSecurity(securityContext, pod.hostUsers, `${path}.securityContext`)),
  ]
}

/** Further rules that are not asked of templates, which were once taken without them. */
export function validatePadding({ image = '' }: Container, path: string): FieldError[] {
  if (image.trim() === image) return []
  return [invalid(`${path}.image`, image, 'must not have leading or trailing whitespace')]
}

function validatePorts({ ports = [] }: Container, list: string): FieldError[] {
  const names = new Set<string>()
  return ports.flatMap(({ name = '', containerPort = 0, hostPort = 0, protocol }, index) => {
    const path = `${list}[${index}]`
    const nameErrors = name === '' ? [] : checked(name, `${path}.name`, isPortName)
    if (nameErrors.length === 0 && names.has(name)) nameErrors.push(duplicate(`${path}.name`, name))
    if (name !== '') names.add(name)
    return [
      ...nameErrors,
      ...(containerPort === 0
        ? [required(`${path}.containerPort`)]
        : checked(containerPort, `${path}.containerPort`, isPortNumber)),
      ...(hostPort === 0 ? [] : checked(hostPort, `${path}.hostPort`, isPortNumber)),
      ...validateProtocol(protocol, `${path}.protocol`),
    ]
  })
}

function validateResizePolicy({ resizePolicy = [] }: Container, pod: PodContext, path: string): FieldError[] {
  const seen = new Set<string>()
  return resizePolicy.flatMap(({ resourceName = '', restartPolicy = '' }, index) => {
    const errors = seen.has(resourceName) ? [duplicate(`${path}[${index}]`, resourceName)] : []
    seen.add(resourceName)
    if (resourceName === '') errors.push(required(path))
    else if (!resizableResources.includes(resourceName)) {
      errors.push(notSupported(path, resourceName, resizableResources))
    }
    errors.push(...validateEnum(restartPolicy, path, resizePolicies))
    if (pod.restartPolicy === 'Never' && restartPolicy !== 'NotRequired') {
      errors.push(invalid(path, restartPolicy, "must be 'NotRequired' when `restartPolicy` is 'Never'"))
    }
    return errors
  })
}
