import type { V1DeleteOptions } from '@kubernetes/client-node'
import { badRequest, invalidObject } from '../../api/errors.ts'
import { type FieldError, invalid, notSupported } from '../../api/field-error.ts'
import { decodeAs, parseBody } from '../body.ts'
import type { ApiContext } from '../context.ts'
import type { ApiRequest } from '../request.ts'
import { isDryRun } from '../write-options.ts'

export interface DeleteOptions {
  /** Undefined: what the object itself asks for. */
  readonly gracePeriodSeconds: number | undefined
  /** What becomes of the objects that this one owns; undefined: what an earlier delete has said, or `Background`. */
  readonly propagation: Propagation | undefined
  /** Delete only what has these. */
  readonly uid: string | undefined
  readonly resourceVersion: string | undefined
  readonly dryRun: boolean
}

export type Propagation = 'Foreground' | 'Background' | 'Orphan'

/**
 * Options from a `DeleteOptions` body and from the query, as kubectl and client libraries send them. Throws a 400 for
 * what does not decode, a 422 for what upstream's `ValidateDeleteOptions` refuses.
 */
export function deleteOptions(context: ApiContext, request: ApiRequest): DeleteOptions {
  const { query } = request
  const given = bodyOptions(context, request)
  const policy = given.propagationPolicy ?? query.get('propagationPolicy') ?? undefined
  const orphans = given.orphanDependents ?? booleanOf(query.get('orphanDependents'))
  const errors = problems(policy, orphans, given.dryRun ?? [])
  if (errors.length > 0) throw invalidObject({ group: 'meta.k8s.io', kind: 'DeleteOptions' }, '', errors)
  return {
    gracePeriodSeconds: graceOf(given.gracePeriodSeconds ?? secondsOf(query)),
    propagation: (policy as Propagation | undefined) ?? propagationOf(orphans),
    uid: given.preconditions?.uid,
    resourceVersion: given.preconditions?.resourceVersion,
    dryRun: isDryRun(request) || (given.dryRun ?? []).length > 0,
  }
}

function propagationOf(orphans: boolean | undefined): Propagation | undefined {
  if (orphans === undefined) return undefined
  return orphans ? 'Orphan' : 'Background'
}

function bodyOptions(context: ApiContext, request: ApiRequest): V1DeleteOptions {
  if (request.body === '' && request.protobuf === undefined) return {}
  const options = decodeAs(context, 'V1DeleteOptions', parseBody(request, context.schema)) as V1DeleteOptions
  if ((options.kind ?? 'DeleteOptions') === 'DeleteOptions') return options
  throw badRequest(`the body of a delete must be DeleteOptions, found the kind ${JSON.stringify(options.kind)}`)
}

const policies: readonly string[] = ['Foreground', 'Background', 'Orphan']

function problems(policy: string | undefined, orphans: boolean | undefined, dryRun: readonly string[]): FieldError[] {
  const errors: FieldError[] = []
  if (policy !== undefined && orphans !== undefined) {
    errors.push(invalid('propagationPolicy', policy, 'orphanDependents and deletionPropagation cannot be both set'))
  }
  if (policy !== undefined && !policies.includes(policy)) {
    errors.push(notSupported('propagationPolicy', policy, [...policies, 'nil']))
  }
  const isKnown = dryRun.every((value) => value === 'All')
  return isKnown ? errors : [...errors, notSupported('dryRun', dryRun, ['All'])]
}

/** As upstream, a negative period counts as one second. */
function graceOf(seconds: number | undefined): number | undefined {
  return seconds !== undefined && seconds < 0 ? 1 : seconds
}

function secondsOf(query: URLSearchParams): number | undefined {
  const text = query.get('gracePeriodSeconds') ?? ''
  if (text === '') return undefined
  const seconds = Number(text)
  if (/^-?\d+$/.test(text) && Number.isSafeInteger(seconds)) return seconds
  throw badRequest(`gracePeriodSeconds must be a whole number of seconds, found ${JSON.stringify(text)}`)
}

function booleanOf(text: string | null): boolean | undefined {
  return text === null || text === '' ? undefined : text !== 'false' && text !== '0'
}
