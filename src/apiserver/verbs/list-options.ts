import { badRequest, invalidObject, StatusError } from '../../api/errors.ts'
import { type FieldError, forbidden, notSupported } from '../../api/field-error.ts'

const match = 'resourceVersionMatch'
const kind = { group: 'meta.k8s.io', kind: 'ListOptions' }

/** Throws a 422 for parameters of a list that contradict each other, as upstream's `ValidateListOptions`. */
export function checkListOptions(query: URLSearchParams): void {
  const errors: FieldError[] = []
  const asked = query.get(match) ?? ''
  const version = query.get('resourceVersion') ?? ''
  if (asked !== '') {
    if (version === '') errors.push(forbidden(match, `${match} is forbidden unless resourceVersion is provided`))
    if (isGiven(query, 'continue')) errors.push(forbidden(match, `${match} is forbidden when continue is provided`))
    if (asked !== 'Exact' && asked !== 'NotOlderThan') {
      errors.push(notSupported(match, asked, ['Exact', 'NotOlderThan', '']))
    }
    if (asked === 'Exact' && version === '0') {
      errors.push(forbidden(match, `${match} "exact" is forbidden for resourceVersion "0"`))
    }
  }
  if (query.has('sendInitialEvents')) {
    errors.push(forbidden('sendInitialEvents', 'sendInitialEvents is forbidden for list'))
  }
  if (errors.length > 0) throw invalidObject(kind, '', errors)
}

/** The same for a watch. */
export function checkWatchOptions(query: URLSearchParams): void {
  const errors: FieldError[] = []
  const asked = query.get(match) ?? ''
  const sendsInitial = query.has('sendInitialEvents')
  if (sendsInitial && asked !== 'NotOlderThan') {
    errors.push(forbidden(match, `sendInitialEvents requires setting ${match} to NotOlderThan`))
  }
  if (asked !== '') {
    if (!sendsInitial) {
      errors.push(forbidden(match, `${match} is forbidden for watch unless sendInitialEvents is provided`))
    }
    if (asked !== 'NotOlderThan') errors.push(notSupported(match, asked, ['NotOlderThan']))
    if (isGiven(query, 'continue')) errors.push(forbidden(match, `${match} is forbidden when continue is provided`))
  }
  if (errors.length > 0) throw invalidObject(kind, '', errors)
}

function isGiven(query: URLSearchParams, name: string): boolean {
  return (query.get(name) ?? '') !== ''
}

/** `?resourceVersion=`; undefined if absent or empty. Throws a 400 for anything but a number. */
export function resourceVersionOf(query: URLSearchParams): number | undefined {
  const text = query.get('resourceVersion') ?? ''
  if (text === '') return undefined
  const revision = Number(text)
  if (/^\d+$/.test(text) && Number.isSafeInteger(revision)) return revision
  throw badRequest(`resourceVersion: Invalid value: ${JSON.stringify(text)}: must be a number`)
}

/** A parameter that is a whole number; 0 if absent or empty. Throws a 400 for anything else, and for negative ones. */
export function countOf(query: URLSearchParams, name: string): number {
  const text = query.get(name) ?? ''
  const count = Number(text)
  if (/^\d*$/.test(text) && Number.isSafeInteger(count)) return count
  throw badRequest(`${name} must be a whole number, found ${JSON.stringify(text)}`)
}

/** A revision that has not come yet: the client knows a server that is ahead of this one, and should ask again. */
export function tooLargeVersion(asked: number, current: number): StatusError {
  const message = 'Too large resource version'
  return new StatusError(504, 'Timeout', `Timeout: ${message}: ${asked}, current: ${current}`, {
    causes: [{ reason: 'ResourceVersionTooLarge', message }],
    retryAfterSeconds: 1,
  })
}
