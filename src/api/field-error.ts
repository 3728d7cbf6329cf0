/**
 * One problem with one field, worded as upstream's `field.Error`
 * (k8s.io/apimachinery/pkg/util/validation/field).
 */
export interface FieldError {
  readonly type: FieldErrorType
  /** Path as users write it: `spec.ports[1].name`. */
  readonly field: string
  /** The value found; left out of the message for Required, Forbidden and TooLong. */
  readonly value?: unknown
  readonly detail: string
}

export type FieldErrorType =
  | 'FieldValueRequired'
  | 'FieldValueInvalid'
  | 'FieldValueDuplicate'
  | 'FieldValueForbidden'
  | 'FieldValueNotSupported'
  | 'FieldValueTooLong'
  | 'FieldValueTooMany'
  | 'FieldValueTypeInvalid'
  | 'FieldValueNotFound'
  | 'InternalError'

const leads: Record<FieldErrorType, string> = {
  FieldValueRequired: 'Required value',
  FieldValueInvalid: 'Invalid value',
  FieldValueDuplicate: 'Duplicate value',
  FieldValueForbidden: 'Forbidden',
  FieldValueNotSupported: 'Unsupported value',
  FieldValueTooLong: 'Too long',
  FieldValueTooMany: 'Too many',
  FieldValueTypeInvalid: 'Invalid value',
  FieldValueNotFound: 'Not found',
  InternalError: 'Internal error',
}

export function required(field: string, detail = ''): FieldError {
  return { type: 'FieldValueRequired', field, detail }
}

export function invalid(field: string, value: unknown, detail: string): FieldError {
  return { type: 'FieldValueInvalid', field, value, detail }
}

export function duplicate(field: string, value: unknown): FieldError {
  return { type: 'FieldValueDuplicate', field, value, detail: '' }
}

export function forbidden(field: string, detail: string): FieldError {
  return { type: 'FieldValueForbidden', field, detail }
}

/** `supported` is listed in the order given. */
export function notSupported(field: string, value: unknown, supported: readonly string[]): FieldError {
  const quoted = supported.map((item) => JSON.stringify(item))
  return { type: 'FieldValueNotSupported', field, value, detail: `supported values: ${quoted.join(', ')}` }
}

export function tooLong(field: string, maxBytes: number): FieldError {
  return { type: 'FieldValueTooLong', field, detail: `may not be more than ${maxBytes} bytes` }
}

export function tooMany(field: string, found: number, max: number): FieldError {
  return { type: 'FieldValueTooMany', field, value: found, detail: `must have at most ${max} items` }
}

/** A value that refers to something that is not there. */
export function valueNotFound(field: string, value: unknown, detail = ''): FieldError {
  return { type: 'FieldValueNotFound', field, value, detail }
}

/** `spec.ports[1].name: Required value: …`, as in a Status message. */
export function describeFieldError(error: FieldError): string {
  return `${error.field}: ${describeFieldProblem(error)}`
}

/** The same without the field: the message of one cause in a Status. */
export function describeFieldProblem(error: FieldError): string {
  const detail = error.detail === '' ? '' : `: ${error.detail}`
  const lead = leads[error.type]
  switch (error.type) {
    case 'FieldValueRequired':
    case 'FieldValueForbidden':
    case 'FieldValueTooLong':
    case 'InternalError':
      return `${lead}${detail}`
    case 'FieldValueInvalid':
    case 'FieldValueDuplicate':
    case 'FieldValueNotSupported':
    case 'FieldValueTypeInvalid':
    case 'FieldValueNotFound':
    case 'FieldValueTooMany':
      return `${lead}: ${printValue(error.value)}${detail}`
    default:
      return error.type satisfies never
  }
}

function printValue(value: unknown): string {
  return value === undefined ? 'null' : JSON.stringify(value)
}
