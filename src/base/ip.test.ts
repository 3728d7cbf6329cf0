import { isIPv4 } from 'node:net'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { formatIPv4, formatRange, parseIPv4, parseRange } from './ip.ts'

describe('an IPv4 address', () => {
  test.each(['0.0.0.0', '255.255.255.255', '10.0.200.1', '192.168.99.11'])('%s is read, and written as it was', (text) => {
    expect(formatIPv4(parseIPv4(text) ?? -1)).toBe(text)
  })

  test.each(['', '1', '1.2.3', '1.2.3.', '.1.2.3', '1..2.3', '1.2.3.4.', '1.2.3.4.5', '256.1.1.1', '1.2.3.04', '00.0.0.0', ' 1.2.3.4', '1.2.3.4 ', '-1.2.3.4', '1.2.3.x', '1,2,3,4', '::1'])(
    '“%s” is none',
    (text) => {
      expect(parseIPv4(text)).toBeUndefined()
    },
  )

  test('is what the platform takes for one, whatever the text', () => {
    const dotted = fc.array(fc.constantFrom('0', '1', '9', '25', '255', '256', '01', '', 'a'), { minLength: 3, maxLength: 5 }).map((parts) => parts.join('.'))
    fc.assert(
      fc.property(fc.oneof(dotted, fc.string(), fc.ipV4()), (text) => {
        expect(parseIPv4(text) !== undefined).toBe(isIPv4(text))
      }),
    )
  })
})

describe('a range of addresses', () => {
  test.each([
    ['198.51.100.0/28', '198.51.100.0-198.51.100.15'],
    ['198.51.100.2-198.51.100.14', '198.51.100.2-198.51.100.14'],
    ['198.51.100.2-198.51.100.2', '198.51.100.2-198.51.100.2'],
  ])('%s is read', (text, range) => {
    const read = parseRange(text)
    expect(read && formatRange(read)).toBe(range)
  })

  test.each(['', '198.51.100.2', '198.51.100.1/28', '198.51.100.9-198.51.100.2', '198.51.100.2-', '198.51.100.2-14', '10.0.0.1-10.0.0.2-10.0.0.3'])('“%s” is none', (text) => {
    expect(parseRange(text)).toBeUndefined()
  })
})
