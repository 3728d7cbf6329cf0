/**
 * Checks a parsed body against the schema, as Go's decoder does into a typed object: the first wrong type is fatal,
 * unknown fields are left out and told, nulls count as absent.
 */
import { goStringType } from './go-string-types.ts'
import { describe, goTypeOf, readScalar, WrongType, UnreadableValue, zeroOf } from './scalars.ts'
import { typeNamed, type FieldType, type ObjectType, type Schema } from './schema.ts'

export type Decoded =
  | {
      readonly error?: undefined
      /** A new object that holds nothing but known fields of the right types. */
      readonly value: Record<string, unknown>
      /** `unknown field "spec.ports[0].prot"`, each once, at most 100. */
      readonly unknown: readonly string[]
    }
  /** The value is not of its type; worded as Go's decoder words it. */
  | { readonly error: string }

const maxUnknownFields = 100

/** The value is not changed, and the result shares nothing with it. */
export function decodeObject(value: unknown, typeName: string, schema: Schema): Decoded {
  const decoder = new Decoder(schema)
  const type = typeNamed(schema, typeName)
  try {
    const decoded = decoder.struct(value, type)
    const unknown = [...decoder.unknownFields].map((path) => `unknown field ${JSON.stringify(path)}`)
    return { value: decoded, unknown }
  } catch (error) {
    if (error instanceof WrongType) return { error: decoder.describeWrongType(error) }
    if (error instanceof UnreadableValue) return { error: error.message }
    throw error
  }
}

/** One step on the way to a value. Go names only the fields in type errors, but all steps for unknown fields. */
type Step =
  | { readonly field: string; readonly owner: ObjectType }
  | { readonly key: string }
  | { readonly index: number }

class Decoder {
  readonly unknownFields = new Set<string>()
  readonly #schema: Schema
  readonly #steps: Step[] = []

  constructor(schema: Schema) {
    this.#schema = schema
  }

  struct(value: unknown, type: ObjectType): Record<string, unknown> {
    const result: Record<string, unknown> = {}
    for (const [name, item] of entriesOf(value, type.goName)) {
      const field = type.fields.get(name)
      if (field === undefined) this.#unknown(name)
      else if (item !== null) {
        result[name] = this.#at({ field: name, owner: type }, () => this.#value(item, field.type))
      }
    }
    return result
  }

  /** `cannot unmarshal string into Go struct field ServicePort.spec.ports.port of type int32` */
  describeWrongType({ found, goType }: WrongType): string {
    const fields = this.#steps.filter((step) => 'field' in step)
    const last = fields.at(-1)
    if (last === undefined) return `json: cannot unmarshal ${found} into Go value of type ${goType}`
    const owner = last.owner.goName.slice(last.owner.goName.indexOf('.') + 1)
    const type = goType.startsWith('map') ? goType : goType.replace(/string$/, goStringType(owner, last.field))
    const path = fields.map(({ field }) => field).join('.')
    return `json: cannot unmarshal ${found} into Go struct field ${owner}.${path} of type ${type}`
  }

  #value(value: unknown, type: FieldType): unknown {
    if (type === 'any') return this.#any(value)
    if (typeof type === 'string') return readScalar(value, type)
    if ('ref' in type) return this.struct(value, typeNamed(this.#schema, type.ref))
    return 'list' in type ? this.#list(value, type) : this.#map(value, type)
  }

  #list(value: unknown, type: { readonly list: FieldType }): unknown[] {
    if (!Array.isArray(value)) throw new WrongType(describe(value), this.#goType(type))
    return value.map((item: unknown, index) => this.#at({ index }, () => this.#item(item, type.list)))
  }

  #map(value: unknown, type: { readonly map: FieldType }): Record<string, unknown> {
    const entries = entriesOf(value, this.#goType(type)).flatMap(([key, item]) => {
      if (key !== '__proto__') return [[key, this.#at({ key }, () => this.#item(item, type.map))] as const]
      this.#unknown(key)
      return []
    })
    return Object.fromEntries(entries)
  }

  #item(value: unknown, type: FieldType): unknown {
    if (value !== null) return this.#value(value, type)
    if (typeof type === 'string') return zeroOf(type)
    return 'ref' in type ? {} : null
  }

  #any(value: unknown): unknown {
    if (Array.isArray(value)) return value.map((item: unknown, index) => this.#at({ index }, () => this.#any(item)))
    if (typeof value !== 'object' || value === null) return value
    const entries = Object.entries(value).filter(([key]) => key !== '__proto__' || this.#unknown(key))
    return Object.fromEntries(entries.map(([key, item]) => [key, this.#at({ key }, () => this.#any(item))]))
  }

  /** The steps stay where they are if `read` throws: they tell where it was. */
  #at<T>(step: Step, read: () => T): T {
    this.#steps.push(step)
    const result = read()
    this.#steps.pop()
    return result
  }

  #unknown(name: string): false {
    if (this.unknownFields.size < maxUnknownFields) this.unknownFields.add(this.#path(name))
    return false
  }

  #path(name: string): string {
    const steps = this.#steps.map((step) => {
      if ('index' in step) return `[${step.index}]`
      return 'field' in step ? `.${step.field}` : `.${step.key}`
    })
    return `${steps.join('')}.${name}`.slice(1)
  }

  /** As Go prints the type: `[]v1.ServicePort`, `map[string]string`. */
  #goType(type: FieldType): string {
    if (typeof type === 'string') return goTypeOf(type)
    if ('ref' in type) return typeNamed(this.#schema, type.ref).goName
    if ('list' in type) return `[]${this.#goType(type.list)}`
    return type.map === 'quantity' ? 'v1.ResourceList' : `map[string]${this.#goType(type.map)}`
  }
}

function entriesOf(value: unknown, goType: string): [string, unknown][] {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return Object.entries(value)
  throw new WrongType(describe(value), goType)
}
