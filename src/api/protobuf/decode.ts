/**
 * Reads Kubernetes' protocol buffers into what the same client would have sent as JSON. Types come from the schema,
 * numbers from the tables; fields that the tables do not have are skipped.
 */
import { typeNamed, type FieldType, type Schema } from '../schema/schema.ts'
import type { Message, NumberedField } from './field-numbers.ts'
import { messageOf } from './messages.ts'
import { bytesOf, emptyValueOf, isInteger, scalarOf, textOf } from './scalars.ts'
import { readFields, readIntegers, type WireValue } from './wire.ts'

/** The message of that type. Throws `MalformedMessage` for bytes that are none, a 400 for bad JSON within them. */
export function decodeMessage(bytes: Uint8Array, typeName: string, schema: Schema): Record<string, unknown> {
  return new Decoder(schema).message(bytes, typeName)
}

/** What was read of a message so far: lists and maps (as `Map`) grow as their elements come, in any order. */
type Values = Map<string, unknown>

class Decoder {
  readonly #schema: Schema

  constructor(schema: Schema) {
    this.#schema = schema
  }

  message(bytes: Uint8Array, typeName: string): Record<string, unknown> {
    const values: Values = new Map()
    this.#fields(bytes, typeName, messageOf(typeName), values)
    // Not by assignment: to a key such as `__proto__` it would mean something else.
    return Object.fromEntries([...values].map(([name, value]) => [name, plain(value)]))
  }

  #fields(bytes: Uint8Array, typeName: string, message: Message, values: Values): void {
    for (const { number, value } of readFields(bytes)) {
      const field = message.get(number)
      if (field === undefined) continue
      if ('inline' in field) this.#fields(bytesOf(value, typeName), typeName, field.inline, values)
      else this.#field(value, typeName, field, values)
    }
  }

  #field(value: WireValue, typeName: string, field: Exclude<NumberedField, { inline: Message }>, values: Values): void {
    const { name, keepsZero } = field
    const where = `${typeName}.${name}`
    const type = typeNamed(this.#schema, typeName).fields.get(name)?.type
    if (type === undefined) throw new Error(`the schema has no ${where}`)
    if (typeof type !== 'string' && 'map' in type) {
      const entries = (values.get(name) ?? new Map()) as Map<string, unknown>
      values.set(name, entries.set(...this.#mapEntry(bytesOf(value, where), type.map, where)))
    } else if (typeof type !== 'string' && 'list' in type) {
      const items = (values.get(name) ?? []) as unknown[]
      for (const item of this.#items(value, type.list, where)) items.push(item)
      values.set(name, items)
    } else {
      const read = this.#value(value, type, where)
      if (read !== undefined && (keepsZero || !isZero(read, type))) values.set(name, read)
      else values.delete(name)
    }
  }

  /** One element of a list, or several that are packed. */
  *#items(value: WireValue, type: FieldType, where: string): Generator<unknown> {
    const isPacked = typeof type === 'string' && isInteger(type) && value instanceof Uint8Array
    for (const item of isPacked ? readIntegers(value) : [value]) yield this.#value(item, type, where)
  }

  /** A message of a key 1 and a value 2, either of which may be left out where it is zero. */
  #mapEntry(bytes: Uint8Array, type: FieldType, where: string): [string, unknown] {
    let key: WireValue = emptyValueOf('string')
    let value = emptyValueOf(typeof type === 'string' ? type : 'bytes')
    for (const part of readFields(bytes)) {
      if (part.number === 1) key = part.value
      else if (part.number === 2) value = part.value
    }
    return [textOf(key, where), this.#value(value, type, where)]
  }

  #value(value: WireValue, type: FieldType, where: string): unknown {
    if (typeof type === 'string') return scalarOf(value, type, where)
    const bytes = bytesOf(value, where)
    if ('ref' in type) return this.message(bytes, type.ref)
    if ('map' in type) throw new Error(`${where} is a map within a list or map, which has no message`)
    // A list as the value of a map is a message with nothing but it, `ExtraValue`: items 1.
    const items = [...readFields(bytes)].filter(({ number }) => number === 1)
    return items.flatMap((item) => [...this.#items(item.value, type.list, where)])
  }
}

function plain(value: unknown): unknown {
  return value instanceof Map ? Object.fromEntries(value) : value
}

function isZero(value: unknown, type: FieldType): boolean {
  // These are structs in Go, which JSON says whatever is in them.
  if (type === 'int-or-string' || type === 'quantity' || type === 'any') return false
  return value === '' || value === 0 || value === false
}
