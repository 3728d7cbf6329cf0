/** Rules for numbers that say how many pods: absolute ones, shares, and those that a controller reports. */
import { invalid, type FieldError } from '../../field-error.ts'
import { isPercent } from '../../names.ts'
import type { IntOrString } from '../../object.ts'
import { checked, validateNonNegative } from '../values.ts'

/** A number of pods or a share of them, `25%`. */
export function validateCountOrShare(value: IntOrString | undefined, path: string): FieldError[] {
  return typeof value === 'string' ? checked(value, path, isPercent) : validateNonNegative(value, path)
}

export function validateAtMostAll(value: IntOrString | undefined, path: string): FieldError[] {
  const isTooMuch = typeof value === 'string' && isPercent(value).length === 0 && Number.parseInt(value, 10) > 100
  return isTooMuch ? [invalid(path, value, 'must not be greater than 100%')] : []
}

/** Whether it comes to no pods at all; what is no number at all does too. */
export function isZero(value: IntOrString | undefined): boolean {
  return typeof value === 'string' ? !/^0*[1-9]\d*%?$/.test(value) : (value ?? 0) === 0
}

type Counts<Field extends string> = { readonly [Key in Field]?: number | undefined }

export function validateCounts<Field extends string>(status: Counts<Field>, fields: readonly Field[]): FieldError[] {
  return fields.flatMap((field) => validateNonNegative(status[field], `status.${field}`))
}

/** No part is larger than the whole, which is named in the message as it is given. */
export function validateParts<Field extends string>(
  status: Counts<Field>,
  parts: readonly Field[],
  whole: { readonly name: string; readonly count: number },
): FieldError[] {
  return parts
    .filter((field) => (status[field] ?? 0) > whole.count)
    .map((field) => invalid(`status.${field}`, status[field], `cannot be greater than ${whole.name}`))
}

/** The number of hash collisions only grows: each has its own name for a ReplicaSet or revision. */
export function validateCollisionCount(next: number | undefined, previous: number | undefined): FieldError[] {
  if (previous === undefined || (next !== undefined && next >= previous)) return []
  return [invalid('status.collisionCount', next ?? 0, 'cannot be decremented')]
}
