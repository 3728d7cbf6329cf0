import type { Schema } from '../schema/schema.ts'
import { decodeMessage } from './decode.ts'
import { typeOfKind } from './messages.ts'
import { bytesOf, textOf } from './scalars.ts'
import { MalformedMessage, readFields } from './wire.ts'

/** `k8s` and a zero byte, before everything that Kubernetes encodes. */
const prefix = [0x6b, 0x38, 0x73, 0x00]

/**
 * The object in a body of `application/vnd.kubernetes.protobuf`, in its JSON form; undefined if the field numbers of
 * its kind are not known. Throws `MalformedMessage` for what is no such body, a 400 for bad JSON within it.
 */
export function decodeEnvelope(bytes: Uint8Array, schema: Schema): Record<string, unknown> | undefined {
  if (!prefix.every((byte, index) => bytes[index] === byte)) {
    throw new MalformedMessage('provided data does not appear to be a protobuf message, expected prefix "k8s\\x00"')
  }
  const { apiVersion, kind, raw } = readUnknown(bytes.subarray(prefix.length))
  const type = typeOfKind(apiVersion, kind)
  return type === undefined ? undefined : { kind, apiVersion, ...decodeMessage(raw, type, schema) }
}

/** `runtime.Unknown`: typeMeta 1 (apiVersion 1, kind 2), raw 2. */
function readUnknown(bytes: Uint8Array): { apiVersion: string; kind: string; raw: Uint8Array } {
  const unknown = readParts(bytes)
  const typeMeta = readParts(unknown.get(1) ?? new Uint8Array())
  const text = (number: number): string => textOf(typeMeta.get(number) ?? new Uint8Array(), 'the type of the object')
  return { apiVersion: text(1), kind: text(2), raw: unknown.get(2) ?? new Uint8Array() }
}

function readParts(bytes: Uint8Array): ReadonlyMap<number, Uint8Array> {
  return new Map([...readFields(bytes)].map(({ number, value }) => [number, bytesOf(value, 'the envelope')]))
}
