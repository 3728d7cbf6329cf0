import fc from 'fast-check'
import protobuf from 'protobufjs/minimal.js'
import { describe, expect, test } from 'vitest'
import { StatusError } from '../errors.ts'
import { readSchema } from '../schema/schema-file.ts'
import { typeNamed, type FieldType } from '../schema/schema.ts'
import { decodeMessage } from './decode.ts'
import { decodeEnvelope } from './envelope.ts'
import type { Message } from './field-numbers.ts'
import { kindTypes, messageOf, typeOfKind } from './messages.ts'
import { MalformedMessage } from './wire.ts'

const schema = readSchema()
const utf8 = (text: string) => Buffer.from(text)

/** A message of fields: integers and what has a length. */
function message(...fields: readonly (readonly [number, number | string | Uint8Array])[]): Uint8Array {
  const writer = protobuf.Writer.create()
  for (const [number, value] of fields) {
    if (typeof value === 'number') writer.uint32(number << 3).int64(value)
    else writer.uint32((number << 3) | 2).bytes(typeof value === 'string' ? utf8(value) : value)
  }
  return writer.finish()
}

describe('reads', () => {
  test.each([
    ['a text', 'V1ObjectMeta', message([1, 'web']), { name: 'web' }],
    [
      'maps, the last of a key counts',
      'V1ConfigMap',
      message([2, message([1, 'a'], [2, '1'])], [2, message([1, 'a'], [2, '2'])]),
      { data: { a: '2' } },
    ],
    ['an entry without a value', 'V1ConfigMap', message([2, message([1, 'a'])]), { data: { a: '' } }],
    ['bytes', 'V1Secret', message([2, message([1, 'a'], [2, Buffer.from([0, 255])])]), { data: { a: 'AP8=' } }],
    ['a zero that is not said', 'V1ObjectMeta', message([2, ''], [7, 0]), {}],
    ['a zero behind a pointer', 'V1DeploymentSpec', message([1, 0], [5, 0]), { replicas: 0 }],
    ['a zero that is always said', 'V1PriorityClass', message([2, 0], [3, 0]), { value: 0 }],
    ['a false behind a pointer', 'V1ConfigMap', message([4, 0]), { immutable: false }],
    ['a negative number', 'V1PriorityClass', message([2, -7]), { value: -7 }],
    ['a number of 64 bits', 'V1ObjectMeta', message([7, 2 ** 50]), { generation: 2 ** 50 }],
    [
      'a time',
      'V1ObjectMeta',
      message([8, message([1, 1_000_000_000], [2, 5])]),
      { creationTimestamp: '2001-09-09T01:46:40Z' },
    ],
    ['a time that is not set', 'V1ObjectMeta', message([8, '']), {}],
    [
      'a time before the epoch',
      'V1ObjectMeta',
      message([8, message([1, -1])]),
      { creationTimestamp: '1969-12-31T23:59:59Z' },
    ],
    [
      'microseconds',
      'V1LeaseSpec',
      message([4, message([1, 0], [2, 1_234_999])]),
      { renewTime: '1970-01-01T00:00:00.001234Z' },
    ],
    [
      'a port by number',
      'V1ServicePort',
      message([3, 80], [4, message([1, 0], [2, 8080], [3, ''])]),
      { port: 80, targetPort: 8080 },
    ],
    [
      'a port by name',
      'V1ServicePort',
      message([3, 80], [4, message([1, 1], [2, 0], [3, 'http'])]),
      { port: 80, targetPort: 'http' },
    ],
    [
      'a quantity',
      'V1ResourceRequirements',
      message([1, message([1, 'cpu'], [2, message([1, '100m'])])]),
      { limits: { cpu: '100m' } },
    ],
    [
      'fields that Go inlines',
      'V1Probe',
      message([1, message([1, message([1, 'ls'])])], [2, 3]),
      { exec: { command: ['ls'] }, initialDelaySeconds: 3 },
    ],
    ['an empty message', 'V1Volume', message([1, 'v'], [2, message([2, ''])]), { name: 'v', emptyDir: {} }],
    [
      'JSON within',
      'V1ControllerRevision',
      message([2, message([1, '{"a":[1]}'])], [3, 0]),
      { data: { a: [1] }, revision: 0 },
    ],
    [
      'lists in maps',
      'V1UserInfo',
      message([4, message([1, 'k'], [2, message([1, 'a'], [1, ''])])]),
      { extra: { k: ['a', ''] } },
    ],
    ['integers one by one', 'V1PodSecurityContext', message([4, 1], [4, 0]), { supplementalGroups: [1, 0] }],
    [
      'packed integers',
      'V1PodSecurityContext',
      message([4, Buffer.from([1, 0, 2])]),
      { supplementalGroups: [1, 0, 2] },
    ],
    ['fields that are not known', 'V1ObjectMeta', message([1, 'a'], [999, 1], [1000, 'x']), { name: 'a' }],
  ] as const)('%s', (_, type, bytes, value) => {
    expect(decodeMessage(bytes, type, schema)).toEqual(value)
  })

  test('keys that JavaScript has a use for', () => {
    const { data } = decodeMessage(message([2, message([1, '__proto__'], [2, 'x'])]), 'V1ConfigMap', schema)
    expect(Object.entries(data as object)).toEqual([['__proto__', 'x']])
  })
})

describe('refuses', () => {
  test.each([
    ['a number where a text should be', 'V1ObjectMeta', message([1, 1]), 'wrong wire type for V1ObjectMeta.name'],
    [
      'a text where a number should be',
      'V1ObjectMeta',
      message([7, 'x']),
      'wrong wire type for V1ObjectMeta.generation',
    ],
    [
      'text that is not UTF-8',
      'V1ObjectMeta',
      message([1, Buffer.from([0xff])]),
      'V1ObjectMeta.name is not valid UTF-8',
    ],
    ['a length beyond the end', 'V1ObjectMeta', Buffer.from([0x0a, 5, 0x61]), 'index out of range'],
    ['a number without an end', 'V1ObjectMeta', Buffer.alloc(12, 0xff), 'invalid'],
    ['a group', 'V1ObjectMeta', Buffer.alloc(1000, 0x0b), 'invalid wire type 3'],
    ['field 0', 'V1ObjectMeta', Buffer.from([0, 0]), 'invalid field number 0'],
    ['a time after all times', 'V1ObjectMeta', message([8, message([1, 2 ** 50])]), 'out of range'],
    [
      'what is neither a number nor a name',
      'V1ServicePort',
      message([4, message([1, 2])]),
      'neither an integer nor a string',
    ],
  ] as const)('%s', (_, type, bytes, problem) => {
    const decode = () => decodeMessage(bytes, type, schema)
    expect(decode).toThrow(MalformedMessage)
    expect(decode).toThrow(problem)
  })
})

test('an envelope', () => {
  const raw = message([2, message([1, 'a'])])
  const body = (kind: string) =>
    Buffer.concat([utf8('k8s\0'), message([1, message([1, 'v1'], [2, kind])], [2, raw], [3, ''])])
  expect(decodeEnvelope(body('ConfigMap'), schema)).toEqual({ apiVersion: 'v1', kind: 'ConfigMap', data: { a: '' } })
  expect(decodeEnvelope(body('Widget'), schema)).toBeUndefined()
})

test('every message that can be reached has numbers for exactly the fields that the schema has', () => {
  const waiting = ['V1DeleteOptions', ...types]
  const seen = new Set<string>()
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    if (seen.has(name)) continue
    seen.add(name)
    const { fields } = typeNamed(schema, name)
    const numbered = withoutType(namesIn(messageOf(name)))
    expect({ name, numbered }).toEqual({ name, numbered: withoutType([...fields.keys()]) })
    waiting.push(...[...fields.values()].flatMap(({ type }) => refs(type)))
  }
  expect(seen.size).toBeGreaterThan(250)
})

const types = Object.values(kindTypes).flatMap((names) => names.split(/\s+/))

test('kinds are found by version and kind', () => {
  expect(typeOfKind('events.k8s.io/v1', 'Event')).toBe('EventsV1Event')
  expect(typeOfKind('v1', 'Event')).toBe('CoreV1Event')
  expect(typeOfKind('apps/v1', 'DeleteOptions')).toBe('V1DeleteOptions')
  expect(typeOfKind('v1', 'Deployment')).toBeUndefined()
})

test('any bytes are read or refused', () => {
  const type = fc.constantFrom(...types)
  /** Messages within messages with small numbers get deep into the tables before they fail. */
  const { node } = fc.letrec<{ node: Uint8Array }>((tie) => {
    const leaf = fc.uint8Array({ maxLength: 8 })
    const value = fc.oneof({ maxDepth: 6 }, leaf, fc.integer(), tie('node'), tie('node'))
    const fields = fc.array(fc.tuple(fc.integer({ min: 1, max: 20 }), value), { maxLength: 5 })
    return { node: fields.map((all) => message(...all)) }
  })
  fc.assert(
    fc.property(type, fc.oneof(node, fc.uint8Array({ maxLength: 200 })), (name, bytes) => {
      try {
        expect(JSON.parse(JSON.stringify(decodeMessage(bytes, name, schema)))).toBeTypeOf('object')
      } catch (error) {
        if (!(error instanceof MalformedMessage) && !(error instanceof StatusError)) throw error
      }
    }),
    { numRuns: 3000 },
  )
})

/** Sorted. What an object is, messages leave to the envelope; references have fields of that name which they do not. */
function withoutType(fields: readonly string[]): string[] {
  return fields.filter((field) => field !== 'apiVersion' && field !== 'kind').sort()
}

function namesIn(fields: Message): string[] {
  return [...fields.values()].flatMap((field) => ('inline' in field ? namesIn(field.inline) : [field.name]))
}

function refs(type: FieldType): string[] {
  if (typeof type === 'string') return []
  if ('ref' in type) return [type.ref]
  return refs('list' in type ? type.list : type.map)
}
