import protobuf from 'protobufjs'
import { describe, expect, test } from 'vitest'
import { decode, encode, map, message, one, repeated } from './codec.ts'

/** The judge: the library's own reading of a definition in protocol buffers' language. */
const theirs = protobuf
  .parse(
    `syntax = "proto3";
     message Inner { string name = 1; int64 number = 2; }
     message Outer {
       string text = 1; bytes raw = 2; bool flag = 3;
       int32 small = 4; uint32 count = 5; int64 large = 6; uint64 size = 7;
       Inner inner = 8; repeated Inner inners = 9; repeated string texts = 10; repeated int64 numbers = 11;
       map<string, string> labels = 200; string unknown = 3000; Inner unknownInner = 3001;
     }`,
  )
  .root.lookupType('Outer')

const inner = message({ name: one(1, 'string'), number: one(2, 'int64') })
const outer = message({
  text: one(1, 'string'),
  raw: one(2, 'bytes'),
  flag: one(3, 'bool'),
  small: one(4, 'int32'),
  count: one(5, 'uint32'),
  large: one(6, 'int64'),
  size: one(7, 'uint64'),
  inner: one(8, inner),
  inners: repeated(9, inner),
  texts: repeated(10, 'string'),
  numbers: repeated(11, 'int64'),
  labels: map(200),
})

const zero = {
  text: '',
  raw: new Uint8Array(),
  flag: false,
  small: 0,
  count: 0,
  large: 0,
  size: 0,
  inner: undefined,
  inners: [],
  texts: [],
  numbers: [],
  labels: {},
}

const cases = [
  { name: 'nothing', value: {} },
  { name: 'texts', value: { text: 'größer', texts: ['', 'b'], raw: Buffer.from([0, 255]) } },
  { name: 'numbers', value: { flag: true, small: -5, count: 4_294_967_295, large: -(2 ** 40), size: 2 ** 53 - 1 } },
  { name: 'repeated numbers', value: { numbers: [0, 1, -1, 2 ** 40] } },
  { name: 'a message', value: { inner: { name: 'a', number: 1 } } },
  { name: 'repeated messages', value: { inners: [{ name: '', number: 0 }, { name: 'b', number: 2 }] } },
  { name: 'an empty message', value: { inner: { name: '', number: 0 } } },
  { name: 'maps', value: { labels: { app: 'web', '': '' } } },
]

const plain = { longs: Number, defaults: true, arrays: true, objects: true, bytes: Buffer } as const

describe.each(cases)('$name', ({ value }) => {
  test('is written so that protobufjs reads it', () => {
    const { unknown, unknownInner, ...read } = theirs.toObject(theirs.decode(encode(outer, value)), plain)
    expect({ unknown, unknownInner: unknownInner ?? undefined }).toEqual({ unknown: '', unknownInner: undefined })
    expect(comparable(read)).toEqual(comparable({ ...zero, ...value }))
  })

  test('is read as protobufjs writes it, unknown fields skipped', () => {
    const newer = theirs.fromObject({ ...value, unknown: 'skip', unknownInner: { name: 'skip' } })
    expect(comparable(decode(outer, theirs.encode(newer).finish()))).toEqual(comparable({ ...zero, ...value }))
  })
})

function comparable(value: object): object {
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, item instanceof Uint8Array ? [...item] : (item ?? undefined)]),
  )
}

test('refuses a message that is cut off', () => {
  const bytes = encode(outer, { text: 'complete' })
  expect(() => decode(outer, bytes.subarray(0, -1))).toThrow(RangeError)
})
