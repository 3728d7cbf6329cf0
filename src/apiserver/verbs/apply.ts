import { apply } from '../../api/apply/apply.ts'
import { withoutManagedFields } from '../../api/apply/changes-nothing.ts'
import { emptySet, leaf, type FieldSet } from '../../api/apply/field-set.ts'
import { entriesOf } from '../../api/apply/managers.ts'
import { allBut } from '../../api/apply/ownership.ts'
import { structuralType } from '../../api/apply/structural-type.ts'
import { badRequest, conflict, isStatus, StatusError } from '../../api/errors.ts'
import type { KubeObject } from '../../api/object.ts'
import { isJsonObject, jsonTypeOf, type JsonObject } from '../../api/patch/json-object.ts'
import { apiVersionOf } from '../../api/resource.ts'
import { duplicateErrors, parseJson, parseYaml, type ParsedText } from '../../api/schema/parse.ts'
import { rfc3339 } from '../../base/rfc3339.ts'
import { resourceAttributes } from '../authorization/attributes.ts'
import { requireAllowed } from '../authorization/require-allowed.ts'
import { decodeValue } from '../body.ts'
import type { ApiContext, ResourceRequest } from '../context.ts'
import { applierOf, asJson, setManagedFields, versionsOf } from '../field-managers.ts'
import { servedObject } from '../kind-registry.ts'
import { negotiate } from '../negotiate.ts'
import type { Stored } from '../objects.ts'
import type { ApiRequest, ApiResponse } from '../request.ts'
import { representObject } from '../represent.ts'
import { fieldValidationOf } from '../write-options.ts'
import { createObject } from './create.ts'
import { tableOptions } from './table-options.ts'
import { checkIdentity, firstOf, writeObject, type WriteScope } from './update.ts'

export const applyType = 'application/apply-patch+yaml'

/** PATCH by server-side apply of an object or of its status. An object that there is not yet is created. */
export async function applyPatch(
  context: ApiContext,
  resourceRequest: ResourceRequest,
  scope: WriteScope,
): Promise<ApiResponse> {
  const { request, form } = resourceRequest
  const as = negotiate(request.accept, ['object', 'table', 'metadata'])
  const application = new Application(context, resourceRequest, scope)
  const { stored, isNew } = await application.run()
  return {
    status: isNew ? 201 : 200,
    contentType: 'application/json',
    body: representObject(form, stored, as, tableOptions(context, request.query)),
  }
}

/** What a client applies, and warnings of it. Throws a 400 for what cannot be read as one object. */
export function readConfiguration(request: ApiRequest): { applied: JsonObject; warnings: readonly string[] } {
  const { value, duplicates } = parseConfiguration(request.body)
  const applied = value ?? {}
  if (!isJsonObject(applied)) {
    const found = Array.isArray(applied) ? 'array' : jsonTypeOf(applied)
    throw badRequest(
      `error decoding patch: error unmarshaling JSON: while decoding JSON: json: cannot unmarshal ${found} into Go value of type map[string]interface {}`,
    )
  }
  const strictness = fieldValidationOf(request)
  if (strictness === 'Strict' && duplicates.length > 0) {
    throw badRequest(`error strict decoding patch: error converting YAML to JSON: ${duplicateErrors({ duplicates }).join(', ')}`)
  }
  return { applied, warnings: strictness === 'Warn' ? duplicates : [] }
}

/** Clients send YAML, of which JSON is a part that is read much faster. */
function parseConfiguration(body: string): ParsedText {
  try {
    const parsed = /^\s*\{/.test(body) ? parseJson(body, true) : undefined
    // What stands there twice is told by its line, as of YAML.
    if (parsed?.duplicates.length === 0) return parsed
  } catch (error) {
    if (!isStatus(error, 'BadRequest')) throw error
  }
  try {
    return parseYaml(body)
  } catch (error) {
    throw error instanceof StatusError ? badRequest(`error encoding patch: ${error.message}`) : error
  }
}

class Application {
  readonly #context: ApiContext
  readonly #resource: ResourceRequest
  readonly #scope: WriteScope
  readonly #applied: JsonObject
  readonly #applier: { readonly manager: string; readonly force: boolean }

  constructor(context: ApiContext, resource: ResourceRequest, scope: WriteScope) {
    this.#context = context
    this.#resource = resource
    this.#scope = scope
    this.#applier = applierOf(resource.request)
    const { applied, warnings } = readConfiguration(resource.request)
    this.#applied = applied
    for (const text of warnings) resource.warnings.add(text)
  }

  run(): Promise<{ readonly stored: Stored; readonly isNew: boolean }> {
    const mayCreate = this.#scope.subresource === undefined
    return firstOf(this.#context, this.#resource, mayCreate, { create: () => this.#create(), update: () => this.#update() })
  }

  #update(): Promise<Stored> {
    return writeObject(this.#context, {
      resource: this.#resource,
      scope: this.#scope,
      tracking: undefined,
      next: (current) => {
        const object = this.#applyTo(current)
        if (!this.#sets('resourceVersion')) object.metadata.resourceVersion = ''
        return object
      },
    })
  }

  async #create(): Promise<Stored> {
    const { request, path, kind } = this.#resource
    requireAllowed(this.#context.access.authorizer, resourceAttributes(request, 'create', path))
    const object = this.#applyTo(undefined)
    const { uid = '' } = object.metadata
    if (uid !== '') {
      const why = `uid mismatch: the provided object specified uid ${uid}, and no existing object was found`
      throw conflict(kind.resource, path.name ?? '', why)
    }
    return createObject(this.#context, { resource: this.#resource, object, tracking: undefined })
  }

  #applyTo(current: KubeObject | undefined): KubeObject {
    const { request, path, form, kind } = this.#resource
    const next = apply({
      ...this.#applier,
      live: current && asJson(servedObject(form, current)),
      applied: this.#applied,
      kind: form.resource.kind,
      apiVersion: apiVersionOf(form.resource),
      subresource: this.#scope.subresource ?? '',
      now: rfc3339(this.#context.clock.now()),
      versions: versionsOf(this.#context, form),
      ignored: this.#ignored(),
    })
    const { object } = decodeValue(this.#context, form, withoutManagedFields(next), request)
    setManagedFields(object, entriesOf(next))
    checkIdentity(kind, object, path.namespace, path.name ?? '')
    return object
  }

  /** The status is written through its own path only, and nothing else is. */
  #ignored(): FieldSet {
    const { form, kind } = this.#resource
    if (this.#scope.subresource === 'status') return allBut('status', structuralType(this.#context.schema, form.schema))
    return kind.hasStatus ? { 'f:status': leaf } : emptySet
  }

  #sets(field: string): boolean {
    const { metadata } = this.#applied
    return isJsonObject(metadata) && Object.hasOwn(metadata, field)
  }
}
