import { describeFieldError, describeFieldProblem, type FieldError } from './field-error.ts'
import { groupResource, type Resource } from './resource.ts'

/** Kubernetes' `Status` object, the body of every failed request. */
export interface Status {
  kind: 'Status'
  apiVersion: 'v1'
  metadata: Record<string, unknown>
  status: 'Success' | 'Failure'
  message?: string
  reason?: string
  details?: StatusDetails
  code: number
}

export interface StatusDetails {
  name?: string
  group?: string
  kind?: string
  uid?: string
  causes?: { reason: string; message: string; field?: string }[]
  retryAfterSeconds?: number
}

type GroupResource = Pick<Resource, 'group' | 'plural'>
type GroupKind = Pick<Resource, 'group' | 'kind'>

/** A request that failed for a reason the client can be told. The server answers with `status`. */
export class StatusError extends Error {
  override readonly name = 'StatusError'
  readonly status: Status

  constructor(code: number, reason: string, message: string, details?: StatusDetails) {
    super(message)
    this.status = {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message,
      reason,
      ...(details === undefined ? {} : { details }),
      code,
    }
  }

  get code(): number {
    return this.status.code
  }

  get reason(): string {
    return this.status.reason ?? ''
  }
}

// The constructors below follow k8s.io/apimachinery/pkg/api/errors, message for message.

export function notFound(resource: GroupResource, name: string): StatusError {
  return new StatusError(404, 'NotFound', `${groupResource(resource)} "${name}" not found`, about(resource, name))
}

export function alreadyExists(resource: GroupResource, name: string): StatusError {
  const message = `${groupResource(resource)} "${name}" already exists`
  return new StatusError(409, 'AlreadyExists', message, about(resource, name))
}

export function conflict(resource: GroupResource, name: string, why: string): StatusError {
  const message = `Operation cannot be fulfilled on ${groupResource(resource)} "${name}": ${why}`
  return new StatusError(409, 'Conflict', message, about(resource, name))
}

/** The conflict of a stale resourceVersion. */
export function modified(resource: GroupResource, name: string): StatusError {
  const why = 'the object has been modified; please apply your changes to the latest version and try again'
  return conflict(resource, name, why)
}

export function invalidObject(kind: GroupKind, name: string, errors: readonly FieldError[]): StatusError {
  const qualified = kind.group === '' ? kind.kind : `${kind.kind}.${kind.group}`
  const problems = errors.map(describeFieldError)
  const list = problems.length === 1 ? problems[0] : `[${problems.join(', ')}]`
  return new StatusError(422, 'Invalid', `${qualified} "${name}" is invalid: ${list}`, {
    ...(name === '' ? {} : { name }),
    ...(kind.group === '' ? {} : { group: kind.group }),
    ...(kind.kind === '' ? {} : { kind: kind.kind }),
    causes: errors.map((error) => ({
      reason: error.type,
      message: describeFieldProblem(error),
      field: error.field,
    })),
  })
}

export function forbiddenRequest(resource: GroupResource, name: string, why: string): StatusError {
  const object = name === '' ? groupResource(resource) : `${groupResource(resource)} "${name}"`
  return new StatusError(403, 'Forbidden', `${object} is forbidden: ${why}`, about(resource, name))
}

export function badRequest(message: string): StatusError {
  return new StatusError(400, 'BadRequest', message)
}

export function unauthorized(message = 'Unauthorized'): StatusError {
  return new StatusError(401, 'Unauthorized', message)
}

/** No such path, as opposed to no such object. */
export function pathNotFound(): StatusError {
  return new StatusError(404, 'NotFound', 'the server could not find the requested resource')
}

export function methodNotAllowed(): StatusError {
  return new StatusError(405, 'MethodNotAllowed', 'the server does not allow this method on the requested resource', {})
}

/** The revision asked for has been compacted away: the client must list again. */
export function expired(message: string): StatusError {
  return new StatusError(410, 'Expired', message)
}

export function tooLarge(message: string): StatusError {
  return new StatusError(413, 'RequestEntityTooLarge', message)
}

export function notAcceptable(message: string): StatusError {
  return new StatusError(406, 'NotAcceptable', message)
}

export function unsupportedMediaType(message: string): StatusError {
  return new StatusError(415, 'UnsupportedMediaType', message)
}

export function internalError(cause: Error): StatusError {
  return new StatusError(500, 'InternalError', `Internal error occurred: ${cause.message}`, {
    causes: [{ reason: 'InternalError', message: cause.message }],
  })
}

export function serviceUnavailable(message: string): StatusError {
  return new StatusError(503, 'ServiceUnavailable', message)
}

export function isStatus(error: unknown, reason: string): error is StatusError {
  return error instanceof StatusError && error.reason === reason
}

function about(resource: GroupResource, name: string): StatusDetails {
  return {
    ...(name === '' ? {} : { name }),
    ...(resource.group === '' ? {} : { group: resource.group }),
    kind: resource.plural,
  }
}
