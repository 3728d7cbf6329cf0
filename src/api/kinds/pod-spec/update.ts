/** What of a Pod may change once it exists, as pkg/apis/core/validation `ValidatePodUpdate` has it. */
import { semanticallyEqual } from '../../equality.ts'
import { forbidden, invalid, required, type FieldError } from '../../field-error.ts'
import { isInRange } from '../../names.ts'
import { checked } from '../values.ts'
import { validatePadding } from './container.ts'
import { validateNarrowing, withoutNarrowing } from './gated-update.ts'
import { qosClassOf } from './qos.ts'
import type { Container, PodSpec, Toleration } from './types.ts'

const changeable = [
  '`spec.containers[*].image`',
  '`spec.initContainers[*].image`',
  '`spec.activeDeadlineSeconds`',
  '`spec.tolerations` (only additions to existing tolerations)',
  '`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)',
]
const maxSeconds = 2 ** 31 - 1

export function validatePodSpecUpdate(next: PodSpec, previous: PodSpec): FieldError[] {
  if (countsDiffer(next.containers, previous.containers)) return [containersDiffer('spec.containers')]
  if (countsDiffer(next.initContainers, previous.initContainers)) return [containersDiffer('spec.initContainers')]
  const errors = [
    ...validateImages(next.containers ?? [], 'spec.containers'),
    ...validateImages(next.initContainers ?? [], 'spec.initContainers'),
    ...validateDeadline(next.activeDeadlineSeconds, previous.activeDeadlineSeconds),
    ...validateTolerationsKept(next.tolerations ?? [], previous.tolerations ?? []),
    ...validateGatesOnlyOpen(next, previous),
  ]
  if (semanticallyEqual(next, previous)) return errors
  const qosClass = qosClassOf(next)
  if (qosClass !== qosClassOf(previous)) errors.push(invalid('metadata', qosClass, 'Pod QoS is immutable'))
  const isGated = (previous.schedulingGates ?? []).length > 0
  if (isGated) errors.push(...validateNarrowing(next, previous))
  const unchangeable = withoutChangeable(isGated ? withoutNarrowing(next, previous) : next, previous)
  if (semanticallyEqual(unchangeable, previous)) return errors
  return [...errors, forbidden('spec', `pod updates may not change fields other than ${changeable.join(',')}`)]
}

function countsDiffer(next: readonly Container[] = [], previous: readonly Container[] = []): boolean {
  return next.length !== previous.length
}

function containersDiffer(path: string): FieldError {
  return forbidden(path, 'pod updates may not add or remove containers')
}

function validateImages(containers: readonly Container[], list: string): FieldError[] {
  return containers.flatMap((container, index) => {
    const path = `${list}[${index}]`
    return (container.image ?? '') === '' ? [required(`${path}.image`)] : validatePadding(container, path)
  })
}

/** It can be set, and brought forward. */
function validateDeadline(next: number | undefined, previous: number | undefined): FieldError[] {
  const path = 'spec.activeDeadlineSeconds'
  if (next === undefined) {
    const gone = 'must not update from a positive integer to nil value'
    return previous === undefined ? [] : [invalid(path, next, gone)]
  }
  const errors = checked(next, path, (value) => isInRange(value, 0, maxSeconds))
  if (errors.length > 0 || previous === undefined || next <= previous) return errors
  return [invalid(path, next, 'must be less than or equal to previous value')]
}

function validateTolerationsKept(next: readonly Toleration[], previous: readonly Toleration[]): FieldError[] {
  const isKept = (toleration: Toleration) =>
    next.some((other) => semanticallyEqual({ ...other, tolerationSeconds: 0 }, { ...toleration, tolerationSeconds: 0 }))
  if (previous.every(isKept)) return []
  return [forbidden('spec.tolerations', 'existing toleration can not be modified except its tolerationSeconds')]
}

function validateGatesOnlyOpen({ schedulingGates = [] }: PodSpec, previous: PodSpec): FieldError[] {
  const known = new Set((previous.schedulingGates ?? []).map(({ name }) => name))
  return schedulingGates.flatMap(({ name = '' }, index) => {
    const problem = `only deletion is allowed, but found new scheduling gate '${name}'`
    return known.has(name) ? [] : [forbidden(`spec.schedulingGates[${index}].name`, problem)]
  })
}

/** `next` with the previous values of all that may change: any difference left is one that may not be. */
function withoutChangeable(next: PodSpec, previous: PodSpec): PodSpec {
  const grace = previous.terminationGracePeriodSeconds ?? 0
  const isGraceMended = grace < 0 && next.terminationGracePeriodSeconds === 1
  return {
    ...next,
    containers: withImagesOf(next.containers ?? [], previous.containers ?? []),
    initContainers: withImagesOf(next.initContainers ?? [], previous.initContainers ?? []),
    activeDeadlineSeconds: previous.activeDeadlineSeconds,
    tolerations: previous.tolerations,
    schedulingGates: previous.schedulingGates,
    terminationGracePeriodSeconds: isGraceMended ? grace : next.terminationGracePeriodSeconds,
  }
}

function withImagesOf(next: readonly Container[], previous: readonly Container[]): Container[] {
  return next.map((container, index) => ({ ...container, image: previous[index]?.image }))
}
