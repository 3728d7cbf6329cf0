/** Fields as they stand on the wire: https://protobuf.dev/programming-guides/encoding */
import protobuf from 'protobufjs/minimal.js'

/** The bytes are no message of the kind that they name. */
export class MalformedMessage extends Error {
  override readonly name = 'MalformedMessage'
}

/** An integer, or what has a length: texts, bytes, messages; undefined for forms that Kubernetes has no use for. */
export type WireValue = number | Uint8Array | undefined

/** The fields of a message in their order, those with lengths as views of the bytes. Throws `MalformedMessage`. */
export function* readFields(bytes: Uint8Array): Generator<{ readonly number: number; readonly value: WireValue }> {
  const reader = protobuf.Reader.create(bytes)
  while (reader.pos < reader.len) yield checked(() => readField(reader))
}

/** Integers one after another, as lists of them may come. Throws `MalformedMessage`. */
export function* readIntegers(bytes: Uint8Array): Generator<number> {
  const reader = protobuf.Reader.create(bytes)
  while (reader.pos < reader.len) yield checked(() => readInteger(reader))
}

function readField(reader: protobuf.Reader): { number: number; value: WireValue } {
  const tag = reader.uint32()
  const number = tag >>> 3
  if (number === 0) throw new Error('invalid field number 0')
  switch (tag & 7) {
    case 0:
      return { number, value: readInteger(reader) }
    case 2:
      return { number, value: reader.bytes() }
    case 1:
    case 5:
      reader.skipType(tag & 7)
      return { number, value: undefined }
    default:
      // Groups among them, which nest as deep as the sender likes and went out of use before Kubernetes came.
      throw new Error(`invalid wire type ${tag & 7}`)
  }
}

/** 64 bits as a number: exact up to 2^53, like integers in JSON. The reader yields a number or a `Long`. */
function readInteger(reader: protobuf.Reader): number {
  return Number(String(reader.int64()))
}

/** The reader throws errors of no type of their own, all of them for bytes that it cannot read. */
function checked<T>(read: () => T): T {
  try {
    return read()
  } catch (error) {
    throw new MalformedMessage(error instanceof Error ? error.message : String(error))
  }
}
