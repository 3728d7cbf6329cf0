import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  canonicalQuantity,
  compareQuantities,
  formatQuantity,
  milliValue, numberOf,
  parseQuantity,
  wholeValue,
} from './quantity.ts'

test.each([
  ['0', '0'],
  ['0n', '0'],
  ['-0', '0'],
  ['0Mi', '0'],
  ['1', '1'],
  ['+1', '1'],
  ['0.5', '500m'],
  ['.5', '500m'],
  ['5.', '5'],
  ['100m', '100m'],
  ['1000m', '1'],
  ['1500m', '1500m'],
  ['1000', '1k'],
  ['1024', '1024'],
  ['1024Mi', '1Gi'],
  ['1536Mi', '1536Mi'],
  ['1.5Gi', '1536Mi'],
  ['512Ki', '512Ki'],
  ['100Ki', '100Ki'],
  ['0.5Ki', '512'],
  ['0.1Ki', '102400m'],
  ['1.1Ki', '1126400m'],
  ['1e3', '1e3'],
  ['1E3', '1e3'],
  ['12e2', '1200'],
  ['1e-3', '1e-3'],
  ['1E', '1E'],
  ['-250M', '-250M'],
  ['1n', '1n'],
  ['0.1n', '1n'],
  ['-0.1n', '-1n'],
  ['1e-999999', '1e-9'],
  ['9223372036854775807', '9223372036854775807'],
  ['1e99', '9223372036854775807'],
  ['1000E', '9223372036854775807'],
  ['129e6', '129e6'],
  ['0.025Ti', '27487790694400m'],
])('%s is %s', (text, canonical) => {
  expect(canonicalQuantity(text)).toBe(canonical)
})

test.each([
  ['', /^quantities must match the regular expression '\^\(/],
  ['1.1.1', /^quantities must match/],
  ['1 Gi', /^quantities must match/],
  ['1+1', /suffix$/],
  ['x', /^quantities must match/],
  ['.', /^unable to parse numeric part of quantity$/],
  ['1K', /^unable to parse quantity's suffix$/],
  ['1mi', /suffix$/],
  ['1e', /suffix$/],
  ['1i', /suffix$/],
])('%s is refused', (text, message) => {
  expect(() => parseQuantity(text)).toThrow(message)
})

test('comparing disregards the form', () => {
  expect(compareQuantities(parseQuantity('1Gi'), parseQuantity('1073741824'))).toBe(0)
  expect(compareQuantities(parseQuantity('1G'), parseQuantity('1Gi'))).toBe(-1)
  expect(compareQuantities(parseQuantity('1'), parseQuantity('999m'))).toBe(1)
})

test('numbers are rounded away from zero', () => {
  expect(milliValue(parseQuantity('250m'))).toBe(250)
  expect(milliValue(parseQuantity('1u'))).toBe(1)
  expect(wholeValue(parseQuantity('1.5Gi'))).toBe(1_610_612_736)
  expect(wholeValue(parseQuantity('-0.5'))).toBe(-1)
})

for (const { text, value } of [
  { text: '500m', value: 0.5 },
  { text: '2', value: 2 },
  { text: '0.1', value: 0.1 },
  { text: '128Mi', value: 128 * 2 ** 20 },
  { text: '1G', value: 1e9 },
  { text: '1e3', value: 1000 },
  { text: '1E', value: 1e18 },
]) {
  test(`${text} as a number`, () => {
    expect(numberOf(text)).toBeCloseTo(value, 6)
  })
}

test('the canonical form is its own canonical form and means the same', () => {
  const digits = fc.stringMatching(/^-?[0-9]{1,6}(\.[0-9]{1,4})?$/)
  const suffix = fc.constantFrom('', 'n', 'u', 'm', 'k', 'M', 'G', 'Ki', 'Mi', 'Gi', 'Ti', 'e3', 'e-2')
  fc.assert(
    fc.property(digits, suffix, (number, unit) => {
      const quantity = parseQuantity(number + unit)
      const again = parseQuantity(formatQuantity(quantity))
      expect(compareQuantities(again, quantity)).toBe(0)
      expect(formatQuantity(again)).toBe(formatQuantity(quantity))
    }),
  )
})
