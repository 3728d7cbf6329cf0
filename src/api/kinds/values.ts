/** Rules that fields of many kinds share. Each returns the problems of one value at a path. */
import { semanticallyEqual } from '../equality.ts'
import { invalid, notSupported, required, type FieldError } from '../field-error.ts'
import { isDNS1123Label, isDNS1123Subdomain, isPortName, isPortNumber, isQualifiedName } from '../names.ts'
import type { IntOrString } from '../object.ts'

/** In the order in which messages list them. */
export const protocols: readonly string[] = ['SCTP', 'TCP', 'UDP']

/** The problems that a check of `names.ts` finds in a value, as errors of its field. */
export function checked<T>(value: T, path: string, check: (value: T) => readonly string[]): FieldError[] {
  return check(value).map((problem) => invalid(path, value, problem))
}

export function validateLabel(value: string, path: string): FieldError[] {
  return checked(value, path, isDNS1123Label)
}

export function validateSubdomain(value: string, path: string): FieldError[] {
  return checked(value, path, isDNS1123Subdomain)
}

export function validateQualifiedName(value: string, path: string): FieldError[] {
  return checked(value, path, isQualifiedName)
}

export function validateRequired(value: string | undefined, path: string): FieldError[] {
  return value === undefined || value === '' ? [required(path)] : []
}

/** One of a fixed set of words, which must be given. */
export function validateEnum(value: string | undefined, path: string, supported: readonly string[]): FieldError[] {
  if (value === undefined || value === '') return [required(path)]
  return supported.includes(value) ? [] : [notSupported(path, value, supported)]
}

/** One of a fixed set of words, if given at all. */
export function validateOptionalEnum(
  value: string | undefined,
  path: string,
  supported: readonly string[],
): FieldError[] {
  return value === undefined || supported.includes(value) ? [] : [notSupported(path, value, supported)]
}

export function validateProtocol(protocol: string | undefined, path: string): FieldError[] {
  return validateEnum(protocol, path, protocols)
}

export function validatePortNumber(port: number | undefined, path: string): FieldError[] {
  return checked(port ?? 0, path, isPortNumber)
}

/** A port by number, or by the name that containers give it. */
export function validatePortNumberOrName(port: IntOrString | undefined, path: string): FieldError[] {
  return typeof port === 'string' ? checked(port, path, isPortName) : validatePortNumber(port, path)
}

export function validateNonNegative(value: number | undefined, path: string): FieldError[] {
  if (value === undefined || value >= 0) return []
  return [invalid(path, value, 'must be greater than or equal to 0')]
}

export function validateImmutable(next: unknown, previous: unknown, path: string): FieldError[] {
  return semanticallyEqual(next, previous) ? [] : [invalid(path, next, 'field is immutable')]
}

/** The values that have occurred before in the list, each with its index. */
export function repeated<T>(values: readonly T[]): { readonly value: T; readonly index: number }[] {
  const seen = new Set<T>()
  return values.flatMap((value, index) => {
    if (seen.has(value)) return [{ value, index }]
    seen.add(value)
    return []
  })
}
