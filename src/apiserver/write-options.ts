import { invalid, notSupported } from '../api/field-error.ts'
import { invalidObject } from '../api/errors.ts'

/** Whether `?dryRun=All` was asked for. Throws a 422 on any other value. */
export function isDryRun(query: URLSearchParams): boolean {
  const values = query.getAll('dryRun')
  const bad = values.find((value) => value !== 'All')
  if (bad !== undefined) {
    throw invalidObject({ group: 'meta.k8s.io', kind: 'CreateOptions' }, '', [notSupported('dryRun', bad, ['All'])])
  }
  return values.length > 0
}

export type FieldValidation = 'Strict' | 'Warn' | 'Ignore'

/** `?fieldValidation=`; Warn if absent, as upstream. */
export function fieldValidationOf(query: URLSearchParams): FieldValidation {
  const value = query.get('fieldValidation') ?? ''
  switch (value) {
    case '':
      return 'Warn'
    case 'Strict':
    case 'Warn':
    case 'Ignore':
      return value
    default:
      throw invalidObject({ group: 'meta.k8s.io', kind: 'CreateOptions' }, '', [
        invalid('fieldValidation', value, 'must be one of Ignore, Warn, Strict'),
      ])
  }
}
