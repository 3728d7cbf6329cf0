import type { JsonObject } from '../patch/json-object.ts'
import { readSchema } from '../schema/schema-file.ts'
import { apply } from './apply.ts'
import { changesNothing } from './changes-nothing.ts'
import { describePaths, emptySet, type FieldSet } from './field-set.ts'
import { entriesOf } from './managers.ts'
import { structuralType } from './structural-type.ts'
import { updateManagers } from './update-managers.ts'
import { oneVersion } from './versions.ts'

const schema = readSchema()

/** One object that several managers write to, as a server would keep it: without defaults, validation or storage. */
export class Trial {
  object: JsonObject | undefined
  ignored: FieldSet = emptySet
  readonly #apiVersion: string
  readonly #kind: string
  readonly #schemaName: string
  #seconds = 0

  constructor(apiVersion: string, kind: string, schemaName = `V1${kind}`) {
    this.#apiVersion = apiVersion
    this.#kind = kind
    this.#schemaName = schemaName
  }

  apply(manager: string, config: JsonObject, { force = false, subresource = '' } = {}): JsonObject {
    const { apiVersion, versions } = this.#versions()
    const applied = { apiVersion, kind: this.#kind, metadata: { name: 'x' }, ...config }
    const { object: live, ignored } = this
    const writer = { manager, apiVersion, subresource, now: this.#now() }
    return this.#store(apply({ ...writer, live, applied, kind: this.#kind, force, versions, ignored }))
  }

  /** Puts an object, or what a function makes of the stored one. */
  update(manager: string, change: JsonObject | ((before: JsonObject) => JsonObject), subresource = ''): JsonObject {
    const { apiVersion, versions } = this.#versions()
    const { object: before } = this
    const changed = typeof change === 'function' ? change(structuredClone(before ?? {})) : change
    const after = { apiVersion, kind: this.#kind, ...changed, metadata: { name: 'x', ...metadataOf(changed) } }
    const writer = { manager, apiVersion, subresource, now: this.#now() }
    const managedFields = updateManagers({ ...writer, before, after, versions })
    return this.#store({ ...after, metadata: { ...after.metadata, managedFields } })
  }

  /** What each manager owns, as paths in messages: `{ 'kubectl Update': ['.spec', …] }`. */
  get owned(): Record<string, string[]> {
    const entries = entriesOf(this.object).map(({ manager = '', operation, subresource, fieldsV1 }) => {
      const through = subresource === undefined ? '' : ` ${subresource}`
      return [`${manager} ${operation}${through}`, describePaths(fieldsV1 as FieldSet)] as const
    })
    return Object.fromEntries(entries)
  }

  /** What one manager owns, named as in `owned`. */
  fieldsOf(name: string): FieldSet {
    const entry = entriesOf(this.object).find(({ manager = '', operation, subresource }) => {
      return name === `${manager} ${operation}${subresource === undefined ? '' : ` ${subresource}`}`
    })
    return (entry?.fieldsV1 ?? emptySet) as FieldSet
  }

  #versions() {
    return {
      apiVersion: this.#apiVersion,
      versions: oneVersion(this.#apiVersion, structuralType(schema, this.#schemaName)),
    }
  }

  /** Each write has a second of its own. */
  #now(): string {
    return new Date(Date.UTC(2026, 0, 1) + 1000 * this.#seconds++).toISOString().replace('.000', '')
  }

  /** As JSON, without the nulls and empty lists that a decoder or the server would drop. */
  #store(object: JsonObject): JsonObject {
    const { managedFields, ...metadata } = metadataOf(object)
    const tracked = entriesOf(object).length === 0 ? metadata : { ...metadata, managedFields }
    const text = JSON.stringify({ ...object, metadata: tracked }, (_, value: unknown) => value ?? undefined)
    const stored = JSON.parse(text) as JsonObject
    if (this.object === undefined || !changesNothing(stored, this.object)) this.object = stored
    return this.object
  }
}

function metadataOf({ metadata }: JsonObject): JsonObject {
  return (metadata ?? {}) as JsonObject
}
