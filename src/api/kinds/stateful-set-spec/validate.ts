import { semanticallyEqual } from '../../equality.ts'
import { forbidden, invalid, notSupported, required, type FieldError } from '../../field-error.ts'
import { validatePodTemplate } from '../pod-spec/template.ts'
import type { PodTemplate } from '../pod-spec/types.ts'
import { validateLabel, validateNonNegative } from '../values.ts'
import { isZero, validateAtMostAll, validateCountOrShare } from '../workload-spec/counts.ts'
import { compiledSelector, validateSelector } from '../workload-spec/selector.ts'
import { validateKeptRunning, validateTemplateLabels } from '../workload-spec/template.ts'
import { refuseClaims, withClaims } from './claims.ts'
import type { Spec, Strategy } from './types.ts'

/** All problems of a StatefulSet's spec, in the order of pkg/apis/apps/validation `ValidateStatefulSetSpec`. */
export function validateStatefulSetSpec(spec: Spec): FieldError[] {
  const { serviceName = '', persistentVolumeClaimRetentionPolicy: retention = {}, template = {} } = spec
  const claims = spec.volumeClaimTemplates ?? []
  return [
    ...validateManagement(spec.podManagementPolicy),
    ...validateStrategy(spec.updateStrategy ?? {}, 'spec.updateStrategy'),
    ...validateRetention(retention.whenDeleted, 'whenDeleted'),
    ...validateRetention(retention.whenScaled, 'whenScaled'),
    ...refuseClaims(claims, 'spec.volumeClaimTemplates'),
    ...validateNonNegative(spec.replicas, 'spec.replicas'),
    ...validateNonNegative(spec.minReadySeconds, 'spec.minReadySeconds'),
    ...validateNonNegative(spec.ordinals?.start, 'spec.ordinals.start'),
    ...(serviceName === '' ? [] : validateLabel(serviceName, 'spec.serviceName')),
    ...validateSelector(spec.selector, 'statefulset'),
    ...validateTemplate(spec, withClaims(template, claims)),
  ]
}

function validateTemplate({ selector }: Spec, template: PodTemplate): FieldError[] {
  const compiled = compiledSelector(selector)
  return [
    ...(compiled === undefined ? [invalid('spec.selector', selector, '')] : validateTemplateLabels(template, compiled)),
    ...validatePodTemplate(template, 'spec.template'),
    ...validateKeptRunning(template, 'StatefulSet'),
  ]
}

const changeable = [
  'replicas',
  'ordinals',
  'template',
  'updateStrategy',
  'revisionHistoryLimit',
  'persistentVolumeClaimRetentionPolicy',
  'minReadySeconds',
] as const

export function validateStatefulSetUpdate(next: Spec, previous: Spec): FieldError[] {
  const kept = Object.fromEntries(changeable.map((field) => [field, previous[field]]))
  if (semanticallyEqual({ ...next, ...kept }, previous)) return []
  const names = changeable.map((field) => `'${field}'`)
  const list = `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`
  return [forbidden('spec', `updates to statefulset spec for fields other than ${list} are forbidden`)]
}

function validateManagement(policy = ''): FieldError[] {
  const path = 'spec.podManagementPolicy'
  if (policy === '') return [required(path)]
  if (policy === 'OrderedReady' || policy === 'Parallel') return []
  return [invalid(path, policy, "must be 'OrderedReady' or 'Parallel'")]
}

function validateStrategy(strategy: Strategy, path: string): FieldError[] {
  const { type = '', rollingUpdate } = strategy
  const rollingPath = `${path}.rollingUpdate`
  switch (type) {
    case '':
      return [required(path)]
    case 'OnDelete':
      if (rollingUpdate === undefined) return []
      return [invalid(rollingPath, rollingUpdate, "only allowed for updateStrategy 'RollingUpdate'")]
    case 'RollingUpdate':
      return rollingUpdate === undefined ? [] : validateRollingUpdate(rollingUpdate, rollingPath)
    default:
      return [invalid(path, strategy, "must be 'RollingUpdate' or 'OnDelete'")]
  }
}

function validateRollingUpdate(update: NonNullable<Strategy['rollingUpdate']>, path: string): FieldError[] {
  const { partition, maxUnavailable } = update
  const unavailablePath = `${path}.maxUnavailable`
  const partitionErrors = validateNonNegative(partition, `${path}.partition`)
  if (maxUnavailable === undefined) return partitionErrors
  return [
    ...partitionErrors,
    ...validateCountOrShare(maxUnavailable, unavailablePath),
    ...(isZero(maxUnavailable) ? [invalid(unavailablePath, maxUnavailable, 'cannot be 0')] : []),
    ...validateAtMostAll(maxUnavailable, unavailablePath),
  ]
}

function validateRetention(policy: string | undefined, field: string): FieldError[] {
  if (policy === 'Retain' || policy === 'Delete') return []
  const path = `spec.persistentVolumeClaimRetentionPolicy.${field}`
  return [notSupported(path, policy ?? '', ['Retain', 'Delete'])]
}
