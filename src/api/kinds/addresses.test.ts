import { expect, test } from 'vitest'
import { describeFieldProblem } from '../field-error.ts'
import { validateCIDR, validateIP, validateNonSpecialIP } from './addresses.ts'

const rules = { ip: validateIP, cidr: validateCIDR, special: validateNonSpecialIP }

for (const [rule, value, problem] of [
  ['ip', '10.9.8.7', ''],
  ['ip', '2001:db8::ffff', ''],
  ['ip', 'FE80:0:0:0:0:0:0:0abc', ''],
  ['ip', '010.9.8.7', 'must not have leading 0s'],
  ['ip', '::ffff:1.2.3.4', 'must not be an IPv4-mapped IPv6 address'],
  ['ip', 'fe80::1%eth0', 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)'],
  ['ip', '1.2.3', 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)'],
  ['cidr', '10.0.0.0/8', ''],
  ['cidr', '0.0.0.0/0', ''],
  ['cidr', '2001:db8::/64', ''],
  ['cidr', '10.0.0.1/8', 'must not have bits set beyond the prefix length'],
  ['cidr', '2001:db8::1/64', 'must not have bits set beyond the prefix length'],
  ['cidr', '10.0.0.0/08', 'must not have leading 0s in IP or prefix length'],
  ['cidr', '10.0.0.0/33', 'must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)'],
  ['cidr', '10.0.0.0', 'must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)'],
  ['special', '10.9.8.7', ''],
  ['special', '2001:db8::1', ''],
  ['special', '0.0.0.0', 'may not be unspecified (0.0.0.0)'],
  ['special', '::', 'may not be unspecified (::)'],
  ['special', '127.0.0.1', 'may not be in the loopback range (127.0.0.0/8, ::1/128)'],
  ['special', '::1', 'may not be in the loopback range (127.0.0.0/8, ::1/128)'],
  ['special', '169.254.169.254', 'may not be in the link-local range (169.254.0.0/16, fe80::/10)'],
  ['special', 'febf::1', 'may not be in the link-local range (169.254.0.0/16, fe80::/10)'],
  ['special', '224.0.0.1', 'may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)'],
  ['special', 'ff02::1', 'may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)'],
] as const) {
  test(`${rule} ${value}: ${problem === '' ? 'accepted' : problem}`, () => {
    const found = rules[rule](value, 'ip').map(describeFieldProblem)
    expect(found).toEqual(problem === '' ? [] : [`Invalid value: ${JSON.stringify(value)}: ${problem}`])
  })
}
