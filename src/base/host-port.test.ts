import { expect, test } from 'vitest'
import { formatHostPort, parseHostPort } from './host-port.ts'

for (const { text, address, port, formatted } of [
  { text: '192.0.2.53', address: '192.0.2.53', port: 53, formatted: '192.0.2.53:53' },
  { text: '192.0.2.53:5353', address: '192.0.2.53', port: 5353, formatted: '192.0.2.53:5353' },
  { text: '2001:db8::53', address: '2001:db8::53', port: 53, formatted: '[2001:db8::53]:53' },
  { text: '[2001:db8::53]', address: '2001:db8::53', port: 53, formatted: '[2001:db8::53]:53' },
  { text: '[2001:db8::53]:5353', address: '2001:db8::53', port: 5353, formatted: '[2001:db8::53]:5353' },
]) {
  test(`${text} is ${address} with port ${port}`, () => {
    const read = parseHostPort(text, 53)
    expect(read).toEqual({ address, port })
    expect(read && formatHostPort(read)).toBe(formatted)
  })
}

test.each(['', 'nonsense', 'a.b.c.d', '1.2.3.4:0', '1.2.3.4:99999', '1.2.3.4:x', '1.2.3.4:', '[1.2.3.4', '::1:70000x'])('%s is none', (text) => {
  expect(parseHostPort(text, 53)).toBeUndefined()
})
