import protobuf from 'protobufjs/minimal.js'

/**
 * Protocol buffers (proto3) by table: a message is a record of fields, and its TypeScript type follows from them.
 * Only what the tables name is read; fields of newer peers are skipped. Wire format:
 * https://protobuf.dev/programming-guides/encoding
 */
export interface MessageType<F extends Fields = Fields> {
  readonly fields: F
}

export type Fields = Readonly<Record<string, Field>>

/** A field by its number. `map` is `map<string, string>`, the only kind of map that is used. */
export interface Field {
  readonly number: number
  readonly cardinality: 'one' | 'repeated' | 'map'
  readonly type: Scalar | MessageType
}

/** 64-bit integers are plain numbers: exact up to 2^53; nanoseconds of this century come out exact to a microsecond. */
export type Scalar = 'string' | 'bytes' | 'bool' | 'int32' | 'uint32' | 'int64' | 'uint64'

type ScalarValue<S> = S extends 'string' ? string : S extends 'bytes' ? Uint8Array : S extends 'bool' ? boolean : number

/** What decoding yields: zero values for absent scalars, undefined for absent messages. */
export type Decoded<M> = M extends MessageType<infer F> ? { readonly [K in keyof F]: DecodedField<F[K]> } : never

type DecodedField<F> = F extends { cardinality: 'map' }
  ? Readonly<Record<string, string>>
  : F extends { cardinality: 'repeated'; type: infer T }
    ? readonly (T extends Scalar ? ScalarValue<T> : Decoded<T>)[]
    : F extends { type: infer T }
      ? T extends Scalar
        ? ScalarValue<T>
        : Decoded<T> | undefined
      : never

/** What encoding takes: every field may be left out. */
export type Encodable<M> = M extends MessageType<infer F>
  ? { readonly [K in keyof F]?: EncodableField<F[K]> | undefined }
  : never

type EncodableField<F> = F extends { cardinality: 'map' }
  ? Readonly<Record<string, string>>
  : F extends { cardinality: 'repeated'; type: infer T }
    ? readonly (T extends Scalar ? ScalarValue<T> : Encodable<T>)[]
    : F extends { type: infer T }
      ? T extends Scalar
        ? ScalarValue<T>
        : Encodable<T>
      : never

export function message<const F extends Fields>(fields: F): MessageType<F> {
  return { fields }
}

export function one<const T extends Scalar | MessageType>(number: number, type: T) {
  return { number, cardinality: 'one', type } as const
}

export function repeated<const T extends Scalar | MessageType>(number: number, type: T) {
  return { number, cardinality: 'repeated', type } as const
}

export function map(number: number) {
  return { number, cardinality: 'map', type: 'string' } as const
}

export function encode<M extends MessageType>(type: M, value: Encodable<M>): Uint8Array {
  const writer = protobuf.Writer.create()
  writeMessage(writer, type, value)
  return writer.finish()
}

/** Throws `RangeError` on input that is cut off, `Error` on an invalid wire type. */
export function decode<M extends MessageType>(type: M, bytes: Uint8Array): Decoded<M> {
  return readMessage(protobuf.Reader.create(bytes), type, bytes.length) as Decoded<M>
}

type Reader = protobuf.Reader
type Writer = protobuf.Writer

interface ScalarCodec {
  readonly wireType: 0 | 2
  readonly zero: string | boolean | number | Uint8Array
  write(writer: Writer, value: unknown): void
  read(reader: Reader): unknown
}

const scalars: Readonly<Record<Scalar, ScalarCodec>> = {
  string: { wireType: 2, zero: '', write: (w, v) => w.string(String(v)), read: (r) => r.string() },
  bytes: { wireType: 2, zero: new Uint8Array(), write: (w, v) => w.bytes(v as Uint8Array), read: (r) => r.bytes() },
  bool: { wireType: 0, zero: false, write: (w, v) => w.bool(v === true), read: (r) => r.bool() },
  int32: { wireType: 0, zero: 0, write: (w, v) => w.int32(Number(v)), read: (r) => r.int32() },
  uint32: { wireType: 0, zero: 0, write: (w, v) => w.uint32(Number(v)), read: (r) => r.uint32() },
  int64: { wireType: 0, zero: 0, write: (w, v) => w.int64(Number(v)), read: (r) => toNumber(r.int64()) },
  uint64: { wireType: 0, zero: 0, write: (w, v) => w.uint64(Number(v)), read: (r) => toNumber(r.uint64()) },
}

const mapEntry = message({ key: one(1, 'string'), value: one(2, 'string') })

/** The reader yields 64-bit integers as a number or as a `Long`, depending on what is installed. */
function toNumber(value: unknown): number {
  return Number(String(value))
}

function writeMessage(writer: Writer, { fields }: MessageType, value: object): void {
  const values = new Map<string, unknown>(Object.entries(value))
  for (const [name, { number, cardinality, type }] of Object.entries(fields)) {
    const given = values.get(name)
    if (given === undefined) continue
    if (cardinality === 'map') {
      for (const [key, item] of Object.entries(given as object)) {
        writeValue(writer, number, mapEntry, { key, value: item })
      }
    } else if (cardinality === 'repeated') {
      for (const item of given as readonly unknown[]) writeValue(writer, number, type, item)
    } else if (typeof type !== 'string' || given !== scalars[type].zero) {
      writeValue(writer, number, type, given)
    }
  }
}

function writeValue(writer: Writer, number: number, type: Scalar | MessageType, value: unknown): void {
  if (typeof type === 'string') {
    const codec = scalars[type]
    codec.write(writer.uint32((number << 3) | codec.wireType), value)
    return
  }
  writer.uint32((number << 3) | 2).fork()
  writeMessage(writer, type, value as object)
  writer.ldelim()
}

/** Field name and table entry by number, worked out once per message type. */
const fieldsByNumber = new WeakMap<MessageType, ReadonlyMap<number, readonly [string, Field]>>()

function lookUp(type: MessageType): ReadonlyMap<number, readonly [string, Field]> {
  const known = fieldsByNumber.get(type)
  if (known !== undefined) return known
  const fields = new Map(Object.entries(type.fields).map(([name, field]) => [field.number, [name, field]] as const))
  fieldsByNumber.set(type, fields)
  return fields
}

function zeroOf({ cardinality, type }: Field): unknown {
  if (cardinality === 'map') return {}
  if (cardinality === 'repeated') return []
  return typeof type === 'string' ? scalars[type].zero : undefined
}

function readMessage(reader: Reader, type: MessageType, end: number): object {
  const value: Record<string, unknown> = {}
  for (const [name, field] of Object.entries(type.fields)) value[name] = zeroOf(field)
  const fields = lookUp(type)
  while (reader.pos < end) {
    const tag = reader.uint32()
    const [name, field] = fields.get(tag >>> 3) ?? []
    if (name === undefined || field === undefined) reader.skipType(tag & 7)
    else value[name] = readField(reader, field, tag & 7, value[name])
  }
  return value
}

/** The field's value after reading one more occurrence of it. */
function readField(reader: Reader, { cardinality, type }: Field, wireType: number, before: unknown): unknown {
  if (cardinality === 'map') {
    const { key, value } = readMessage(reader, mapEntry, reader.uint32() + reader.pos) as Decoded<typeof mapEntry>
    return { ...(before as object), [key]: value }
  }
  if (cardinality === 'one') return readValue(reader, type)
  const items = before as unknown[]
  const packed = wireType === 2 && typeof type === 'string' && scalars[type].wireType !== 2
  const end = packed ? reader.uint32() + reader.pos : reader.pos + 1
  while (reader.pos < end) items.push(readValue(reader, type))
  return items
}

function readValue(reader: Reader, type: Scalar | MessageType): unknown {
  if (typeof type === 'string') return scalars[type].read(reader)
  const length = reader.uint32()
  return readMessage(reader, type, reader.pos + length)
}
