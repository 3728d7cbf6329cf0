import { duplicate, notSupported, required, type FieldError } from '../../field-error.ts'
import { validateLabels } from '../../metadata.ts'
import { isInRange } from '../../names.ts'
import {
  checked,
  validateEnum,
  validateLabel,
  validateOptionalEnum,
  validateQualifiedName,
  validateSubdomain,
} from '../values.ts'
import type { PodContext } from './container.ts'
import { validateContainers, validateHostPorts, validateInitContainers } from './containers.ts'
import { validateDnsConfig, validateDnsPolicy, validateHostAliases } from './dns.ts'
import { validateResources } from './resources.ts'
import { validateAffinity, validateTolerations } from './scheduling.ts'
import { validatePodSecurity } from './security.ts'
import { validateTopologySpread } from './topology-spread.ts'
import type { PodSpec } from './types.ts'
import { validateVolumes } from './volumes.ts'

const restartPolicies: readonly string[] = ['Always', 'OnFailure', 'Never']
const preemptionPolicies: readonly string[] = ['PreemptLowerPriority', 'Never']
const operatingSystems: readonly string[] = ['linux', 'windows']
const maxSeconds = 2 ** 31 - 1

/** All problems of a pod's spec, in the order of pkg/apis/core/validation `ValidatePodSpec`. `isPod`: no template. */
export function validatePodSpec(spec: PodSpec, isPod: boolean, path: string): FieldError[] {
  const { errors: volumeErrors, mountable } = validateVolumes(spec.volumes ?? [], `${path}.volumes`)
  const pod: PodContext = {
    volumes: mountable,
    gracePeriod: spec.terminationGracePeriodSeconds ?? 0,
    restartPolicy: spec.restartPolicy ?? '',
    hostUsers: spec.hostUsers !== false,
  }
  return [
    ...volumeErrors,
    ...validateContainers(spec, pod, path),
    ...validateInitContainers(spec, pod, path),
    ...validateHostPorts(spec, isPod, path),
    ...validateEnum(spec.restartPolicy, `${path}.restartPolicy`, restartPolicies),
    ...validateDnsPolicy(spec, path),
    ...validateLabels(spec.nodeSelector ?? {}, `${path}.nodeSelector`),
    ...validatePodSecurity(spec, path),
    ...(spec.affinity === undefined ? [] : validateAffinity(spec.affinity, `${path}.affinity`)),
    ...validateDnsConfig(spec, path),
    ...validateGates(spec, path),
    ...validateTopologySpread(spec.topologySpreadConstraints ?? [], `${path}.topologySpreadConstraints`),
    ...validateReferences(spec, path),
    ...validateDeadline(spec.activeDeadlineSeconds, `${path}.activeDeadlineSeconds`),
    ...validateHostNames(spec, path),
    ...validateTolerations(spec.tolerations ?? [], `${path}.tolerations`),
    ...validateHostAliases(spec, path),
    ...validateClasses(spec, path),
  ]
}

function validateGates({ readinessGates = [], schedulingGates = [] }: PodSpec, path: string): FieldError[] {
  return [
    ...readinessGates.flatMap(({ conditionType = '' }, index) =>
      validateQualifiedName(conditionType, `${path}.readinessGates[${index}].conditionType`),
    ),
    ...schedulingGates.flatMap(({ name = '' }, index) => [
      ...validateQualifiedName(name, `${path}.schedulingGates[${index}]`),
      ...validateNotRepeated(name, schedulingGates.slice(0, index), `${path}.schedulingGates[${index}]`),
    ]),
  ]
}

function validateNotRepeated(name: string, earlier: readonly { name?: string | undefined }[], path: string): FieldError[] {
  return earlier.some((other) => other.name === name) ? [duplicate(path, name)] : []
}

function validateReferences({ serviceAccountName = '', nodeName = '' }: PodSpec, path: string): FieldError[] {
  return [
    ...(serviceAccountName === '' ? [] : validateSubdomain(serviceAccountName, `${path}.serviceAccountName`)),
    ...(nodeName === '' ? [] : validateSubdomain(nodeName, `${path}.nodeName`)),
  ]
}

function validateDeadline(seconds: number | undefined, path: string): FieldError[] {
  return seconds === undefined ? [] : checked(seconds, path, (value) => isInRange(value, 1, maxSeconds))
}

function validateHostNames({ hostname = '', subdomain = '' }: PodSpec, path: string): FieldError[] {
  return [
    ...(hostname === '' ? [] : validateLabel(hostname, `${path}.hostname`)),
    ...(subdomain === '' ? [] : validateLabel(subdomain, `${path}.subdomain`)),
  ]
}

function validateClasses(spec: PodSpec, path: string): FieldError[] {
  const { priorityClassName = '', runtimeClassName, preemptionPolicy, overhead, os } = spec
  return [
    ...(priorityClassName === '' ? [] : validateSubdomain(priorityClassName, `${path}.priorityClassName`)),
    ...(runtimeClassName === undefined ? [] : validateSubdomain(runtimeClassName, `${path}.runtimeClassName`)),
    ...validateOptionalEnum(preemptionPolicy, `${path}.preemptionPolicy`, preemptionPolicies),
    ...(overhead === undefined ? [] : validateResources({ limits: overhead }, `${path}.overhead`)),
    ...(os === undefined ? [] : validateOperatingSystem(os.name ?? '', `${path}.os`)),
  ]
}

function validateOperatingSystem(name: string, path: string): FieldError[] {
  if (name === '') return [required(`${path}.name`, 'cannot be empty')]
  return operatingSystems.includes(name) ? [] : [notSupported(path, name, operatingSystems)]
}
