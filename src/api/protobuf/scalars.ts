/** Values that JSON has as one scalar; some are messages of their own in protocol buffers. */
import { parseJson } from '../schema/parse.ts'
import type { Scalar } from '../schema/schema.ts'
import { MalformedMessage, readFields, type WireValue } from './wire.ts'

const noBytes = new Uint8Array()

/** What a field holds that is there without a value, as in entries of maps. */
export function emptyValueOf(scalar: Scalar): WireValue {
  return isInteger(scalar) ? 0 : noBytes
}

/** Whether lists of them may come packed into one field. */
export function isInteger(scalar: Scalar): boolean {
  return scalar === 'boolean' || scalar === 'int32' || scalar === 'int64'
}

/** As JSON has it. Undefined for a time that is not set, and a raw value of nothing. Throws `MalformedMessage`. */
export function scalarOf(value: WireValue, scalar: Scalar, where: string): unknown {
  switch (scalar) {
    case 'string':
      return textOf(value, where)
    case 'bytes':
      return Buffer.from(bytesOf(value, where)).toString('base64')
    case 'boolean':
      return integerOf(value, where) !== 0
    case 'int32':
    case 'int64':
      return integerOf(value, where)
    case 'time':
      return timeOf(bytesOf(value, where), where)
    case 'micro-time':
      return microTimeOf(bytesOf(value, where), where)
    case 'int-or-string':
      return intOrStringOf(bytesOf(value, where), where)
    case 'quantity':
      return textOf(partsOf(bytesOf(value, where)).get(1) ?? noBytes, where) || '0'
    case 'any':
      return jsonOf(bytesOf(value, where), where)
    case 'double':
      throw new Error(`${where}: no field of Kubernetes' messages is a double`)
    default:
      return scalar satisfies never
  }
}

/** Throws `MalformedMessage` if it is an integer. */
export function bytesOf(value: WireValue, where: string): Uint8Array {
  if (value instanceof Uint8Array) return value
  throw new MalformedMessage(`wrong wire type for ${where}: it has a length`)
}

function integerOf(value: WireValue, where: string): number {
  if (typeof value === 'number') return value
  throw new MalformedMessage(`wrong wire type for ${where}: it is an integer`)
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

export function textOf(value: WireValue, where: string): string {
  try {
    return utf8.decode(bytesOf(value, where))
  } catch (error) {
    if (error instanceof MalformedMessage) throw error
    throw new MalformedMessage(`${where} is not valid UTF-8`)
  }
}

/** The fields of a small message; the last of each counts. */
function partsOf(bytes: Uint8Array): ReadonlyMap<number, WireValue> {
  return new Map([...readFields(bytes)].map(({ number, value }) => [number, value]))
}

/** `Time`: seconds 1, nanos 2, which RFC 3339 has not in Kubernetes. Of no bytes if it is not set. */
function timeOf(bytes: Uint8Array, where: string): string | undefined {
  return bytes.length === 0 ? undefined : `${clockTime(integerOf(partsOf(bytes).get(1) ?? 0, where), where)}Z`
}

/** `MicroTime`: seconds 1, nanos 2. */
function microTimeOf(bytes: Uint8Array, where: string): string | undefined {
  if (bytes.length === 0) return undefined
  const parts = partsOf(bytes)
  const nanos = integerOf(parts.get(2) ?? 0, where)
  if (nanos < 0 || nanos >= 1e9) throw new MalformedMessage(`${where} has ${nanos} nanoseconds`)
  const micros = String(Math.floor(nanos / 1000)).padStart(6, '0')
  return `${clockTime(integerOf(parts.get(1) ?? 0, where), where)}.${micros}Z`
}

/** The years from 0 to 9999, as RFC 3339 can say them; in seconds. */
const firstSecond = Date.parse('0000-01-01T00:00:00Z') / 1000
const lastSecond = Date.parse('9999-12-31T23:59:59Z') / 1000

/** `2006-01-02T15:04:05` */
function clockTime(seconds: number, where: string): string {
  if (seconds < firstSecond || seconds > lastSecond) {
    throw new MalformedMessage(`${where} is out of range: ${seconds} s`)
  }
  return new Date(seconds * 1000).toISOString().slice(0, 19)
}

/** `IntOrString`: type 1, intVal 2, strVal 3. */
function intOrStringOf(bytes: Uint8Array, where: string): number | string {
  const parts = partsOf(bytes)
  const type = integerOf(parts.get(1) ?? 0, where)
  if (type === 0) return integerOf(parts.get(2) ?? 0, where)
  if (type === 1) return textOf(parts.get(3) ?? noBytes, where)
  throw new MalformedMessage(`${where} is neither an integer nor a string`)
}

/** `RawExtension` and `FieldsV1`: raw 1, which is JSON. Throws a 400 if it is none. */
function jsonOf(bytes: Uint8Array, where: string): unknown {
  const raw = textOf(partsOf(bytes).get(1) ?? noBytes, where)
  return raw === '' ? undefined : parseJson(raw).value
}
