import type { ManagedFieldsEntry } from '../api/apply/managers.ts'
import { structuralType } from '../api/apply/structural-type.ts'
import { updateManagers } from '../api/apply/update-managers.ts'
import type { Versions } from '../api/apply/versions.ts'
import { badRequest, invalidObject } from '../api/errors.ts'
import { forbidden, invalid, required, tooLong, type FieldError } from '../api/field-error.ts'
import type { KubeObject } from '../api/object.ts'
import type { JsonObject } from '../api/patch/json-object.ts'
import { apiVersionOf } from '../api/resource.ts'
import { decodeObject, type Decoded } from '../api/schema/decode.ts'
import { rfc3339 } from '../base/rfc3339.ts'
import type { ApiContext } from './context.ts'
import { servedObject, type ServedForm } from './kind-registry.ts'
import type { ApiRequest } from './request.ts'

/** How a write is entered into `metadata.managedFields`: by whom, and in terms of which form of the object. */
export interface Tracking {
  readonly form: ServedForm
  /** As `fieldManagerOf` says. */
  readonly manager: string
  /** '' for a write to the object itself. */
  readonly subresource: string
}

type OptionsKind = 'CreateOptions' | 'UpdateOptions' | 'PatchOptions'

/** As many bytes as a manager's name may have. */
const maxNameBytes = 128

/** `?fieldManager=`, or the User-Agent's first part. Throws a 422 for what cannot be a name. */
export function fieldManagerOf({ query, userAgent = '' }: ApiRequest, options: OptionsKind): string {
  const name = query.get('fieldManager') ?? ''
  const errors = nameErrors(name)
  if (errors.length > 0) throw invalidOptions(options, errors)
  return name === '' ? agentName(userAgent) : name
}

/** The manager of an apply, which must name itself, and whether it takes what others own. Throws a 422. */
export function applierOf(request: ApiRequest): { readonly manager: string; readonly force: boolean } {
  const name = request.query.get('fieldManager') ?? ''
  if (name === '') throw invalidOptions('PatchOptions', [required('fieldManager', 'is required for apply patch')])
  return { manager: fieldManagerOf(request, 'PatchOptions'), force: forceOf(request.query) === true }
}

/** Only an apply can be forced. Throws a 422 if another patch asks for it, whatever the answer. */
export function refuseForce({ query }: ApiRequest): void {
  if (forceOf(query) === undefined) return
  throw invalidOptions('PatchOptions', [forbidden('force', 'may not be specified for non-apply patch')])
}

/**
 * Enters a create or an update into the object's managed fields; call it before anything is filled in that the client
 * did not ask for. Changes the object.
 */
export function track(context: ApiContext, tracking: Tracking, object: KubeObject, previous?: KubeObject): void {
  const { form, manager, subresource } = tracking
  const entries = updateManagers({
    manager,
    subresource,
    apiVersion: apiVersionOf(form.resource),
    now: rfc3339(context.clock.now()),
    before: previous && asJson(servedObject(form, previous)),
    after: asJson(servedObject(form, object)),
    versions: versionsOf(context, form),
  })
  setManagedFields(object, entries)
}

/** Makes the entries the object's; it and they are never changed in place. */
export function setManagedFields(
  { metadata }: KubeObject,
  entries: readonly Partial<ManagedFieldsEntry>[] | undefined,
): void {
  if (entries === undefined || entries.length === 0) delete metadata.managedFields
  else metadata.managedFields = entries as ManagedFieldsEntry[]
}

/** The forms in which a kind is served, as versions of one object. */
export function versionsOf({ kinds, schema }: ApiContext, form: ServedForm): Versions {
  const formIn = (apiVersion: string): ServedForm | undefined => {
    if (apiVersionOf(form.resource) === apiVersion) return form
    return kinds.all().find(({ kind, resource }) => kind === form.kind && apiVersionOf(resource) === apiVersion)
  }
  return {
    typeOf(apiVersion) {
      const found = formIn(apiVersion)
      return found && structuralType(schema, found.schema)
    },
    convert(object, from, to) {
      const [source, target] = [formIn(from), formIn(to)]
      if (source === undefined || target === undefined) throw new Error(`${from} or ${to} is not served`)
      const given = withSpec(decodeObject(object, source.schema, schema))
      const stored = source.view === undefined ? given : source.view.toStored(given)
      return asJson(servedObject(target, stored))
    },
  }
}

/** What conversion can work with: while fields are being taken away, an object may lack any but be of its type. */
function withSpec(decoded: Decoded): KubeObject {
  if (decoded.error !== undefined) throw badRequest(decoded.error)
  return { metadata: {}, spec: {}, ...decoded.value } as unknown as KubeObject
}

/** The same object, as the library of server-side apply takes it. */
export function asJson(object: KubeObject): JsonObject {
  return object as unknown as JsonObject
}

function nameErrors(name: string): FieldError[] {
  const errors = Buffer.byteLength(name) > maxNameBytes ? [tooLong('fieldManager', maxNameBytes)] : []
  let position = 0
  for (const character of name) {
    if (!isPrintable(character)) errors.push(invalid('fieldManager', name, unprintable(character, position)))
    position += Buffer.byteLength(character)
  }
  return errors
}

function unprintable(character: string, position: number): string {
  const code = (character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')
  return `invalid character U+${code} (at position ${position})`
}

/** As Go's `unicode.IsPrint`. */
function isPrintable(character: string): boolean {
  return /^[\p{L}\p{M}\p{N}\p{P}\p{S} ]$/u.test(character)
}

/** What precedes the first `/`, `kubectl` of `kubectl/v1.33.0 (linux/amd64) …`, as far as it can be a name. */
function agentName(userAgent: string): string {
  const [first = ''] = userAgent.split('/', 1)
  let name = ''
  for (const character of first) {
    if (!isPrintable(character)) continue
    if (Buffer.byteLength(name + character) > maxNameBytes) break
    name += character
  }
  return name
}

/** `?force=` as Go reads a pointer to a bool: undefined if it is missing. */
function forceOf(query: URLSearchParams): boolean | undefined {
  const value = query.get('force')
  return value === null || value === '' ? undefined : value !== '0' && value.toLowerCase() !== 'false'
}

function invalidOptions(kind: OptionsKind, errors: readonly FieldError[]) {
  return invalidObject({ group: 'meta.k8s.io', kind }, '', errors)
}
