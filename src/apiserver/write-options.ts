import { invalidObject, type StatusError } from '../api/errors.ts'
import { type FieldError, notSupported } from '../api/field-error.ts'
import type { ApiRequest } from './request.ts'

type Options = Pick<ApiRequest, 'method' | 'query'>

/** Whether `?dryRun=All` was asked for. Throws a 422 on any other value. */
export function isDryRun(request: Options): boolean {
  const values = request.query.getAll('dryRun')
  if (values.some((value) => value !== 'All')) throw invalidOptions(request, notSupported('dryRun', values, ['All']))
  return values.length > 0
}

export type FieldValidation = 'Strict' | 'Warn' | 'Ignore'

/** `?fieldValidation=`; Warn if absent, as upstream. Throws a 422 on any other value. */
export function fieldValidationOf(request: Options): FieldValidation {
  const value = request.query.get('fieldValidation') ?? ''
  switch (value) {
    case '':
      return 'Warn'
    case 'Strict':
    case 'Warn':
    case 'Ignore':
      return value
    default:
      throw invalidOptions(request, notSupported('fieldValidation', value, ['', 'Ignore', 'Strict', 'Warn']))
  }
}

const optionsKinds: Readonly<Record<string, string>> = {
  PUT: 'UpdateOptions',
  PATCH: 'PatchOptions',
  DELETE: 'DeleteOptions',
}

function invalidOptions({ method }: Options, error: FieldError): StatusError {
  return invalidObject({ group: 'meta.k8s.io', kind: optionsKinds[method] ?? 'CreateOptions' }, '', [error])
}
