import { describe, expect, test } from 'vitest'
import { DerError, itemsOf, oidOf, readDer } from './der.ts'

const bytes = (hex: string) => Buffer.from(hex.replaceAll(' ', ''), 'hex')

test('values in values', () => {
  const [first, second, ...none] = itemsOf(readDer(bytes('30 08 0201 05 0403 616263')))
  expect([first?.tag, first?.content.toString('hex'), second?.tag, second?.content.toString(), none]).toEqual([0x02, '05', 0x04, 'abc', []])
})

test('a long length', () => {
  const content = Buffer.alloc(300, 7)
  expect(readDer(Buffer.concat([bytes('04 82 012c'), content])).content.equals(content)).toBe(true)
})

for (const [oid, hex] of [
  ['2.5.4.3', '06 03 550403'],
  ['1.2.840.113549.1.1.11', '06 09 2a864886f70d01010b'],
  ['2.999', '06 02 8837'],
  ['0.9', '06 01 09'],
] as const) {
  test(oid, () => expect(oidOf(readDer(bytes(hex)))).toBe(oid))
}

describe('is refused', () => {
  for (const [name, hex] of [
    ['nothing', ''],
    ['a tag alone', '30'],
    ['what is cut off', '04 03 6162'],
    ['a length that is cut off', '04 82 01'],
    ['a length that is not said', '30 80 0000'],
    ['what goes on after the end', '04 00 00'],
  ] as const) {
    test(name, () => expect(() => readDer(bytes(hex))).toThrow(DerError))
  }
  test('items of what has none, and another tag than an identifier’s', () => {
    expect(() => itemsOf(readDer(bytes('04 00')))).toThrow('a value has the tag 4 where 48 is expected')
    expect(() => oidOf(readDer(bytes('04 01 05')))).toThrow('there is no object identifier')
    expect(() => oidOf(undefined)).toThrow(DerError)
  })
})
