import { describe, expect, test } from 'vitest'
import { warningHeaders } from './warnings.ts'

const long = (character: string) => character.repeat(1000)
const header = (text: string) => `299 - "${text}"`

const cases: { name: string; warnings: string[]; headers: string[] }[] = [
  { name: 'none', warnings: [], headers: [] },
  { name: 'plain text', warnings: ['a is deprecated', 'b: too'], headers: [header('a is deprecated'), header('b: too')] },
  { name: 'quotes and backslashes', warnings: ['field "a\\b"'], headers: [header('field \\"a\\\\b\\"')] },
  { name: 'any script, as the bytes of UTF-8', warnings: ['é'], headers: [header('\u00c3\u00a9')] },
  { name: 'nothing, and what no header can hold', warnings: ['', 'a\nb', 'c\u0085'], headers: [] },
  { name: 'as much as fits', warnings: [long('a'), long('b')], headers: [header(long('a')), header(long('b'))] },
  {
    name: 'more than fits, each cut short',
    warnings: ['a', 'b', 'c', 'd', 'e'].map(long),
    headers: ['a', 'b', 'c', 'd', 'e'].map((character) => header(character.repeat(256))),
  },
]

describe('Warning headers of', () => {
  for (const { name, warnings, headers } of cases) {
    test(name, () => {
      expect(warningHeaders(warnings)).toEqual(headers)
    })
  }

  test('far more than fits end when there is no more room', () => {
    const many = Array.from({ length: 100 }, (_, index) => `${index}${long('x')}`)
    expect(warningHeaders(many)).toHaveLength(4096 / 256)
  })
})
