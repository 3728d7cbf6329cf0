import { expect, test } from 'vitest'
import {
  isCIdentifier,
  isConfigMapKey,
  isDNS1035Label,
  isDNS1123Label,
  isDNS1123Subdomain,
  isEnvVarName,
  isHTTPHeaderName,
  isLabelValue,
  isPathSegmentName,
  isPercent,
  isPortName,
  isPortNumber,
  isQualifiedName,
  isWildcardDNS1123Subdomain,
  nameProblems,
  namePrefixProblems,
} from './names.ts'

const subdomainMessage =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and " +
  "end with an alphanumeric character (e.g. 'example.com', regex used for validation is " +
  "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
const labelMessage =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with " +
  "an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is " +
  "'[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
const label1035Message =
  "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, " +
  "and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is " +
  "'[a-z]([-a-z0-9]*[a-z0-9])?')"
const labelNameMessage =
  "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character " +
  "(e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is " +
  "'([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"

test.each<{ name: string; check: (value: string) => string[]; good: string[]; bad: Record<string, unknown[]> }>([
  {
    name: 'isDNS1123Subdomain',
    check: isDNS1123Subdomain,
    good: ['kubia', 'a.b-c.1', '0'],
    bad: {
      Kubia: [subdomainMessage],
      '': [subdomainMessage],
      'a..b': [subdomainMessage],
      ['a'.repeat(254)]: ['must be no more than 253 characters'],
    },
  },
  {
    name: 'isDNS1123Label',
    check: isDNS1123Label,
    good: ['kubia', '1a'],
    bad: {
      'a.b': ['must not contain dots'],
      'a_b': [labelMessage],
      ['a'.repeat(64)]: ['must be no more than 63 characters'],
    },
  },
  {
    name: 'isDNS1035Label',
    check: isDNS1035Label,
    good: ['kubia'],
    bad: { '1a': [label1035Message], 'a.b': [label1035Message] },
  },
  {
    name: 'isWildcardDNS1123Subdomain',
    check: isWildcardDNS1123Subdomain,
    good: ['*.example.com'],
    bad: { '*': [expect.stringContaining("with '*.'")] },
  },
  {
    name: 'isQualifiedName',
    check: isQualifiedName,
    good: ['app', 'app.kubernetes.io/name', 'A_b.c'],
    bad: {
      '': ['name part must be non-empty', `name part ${labelNameMessage}`],
      '/x': ['prefix part must be non-empty'],
      'a_/x': [`prefix part ${subdomainMessage}`],
      'a/b/c': [
        `a valid label key ${labelNameMessage} with an optional DNS subdomain prefix and '/' ` +
          "(e.g. 'example.com/MyName')",
      ],
      ['a'.repeat(64)]: ['name part must be no more than 63 bytes'],
    },
  },
  {
    name: 'isLabelValue',
    check: isLabelValue,
    good: ['', 'v1', 'A_b.c'],
    bad: { '-': [expect.stringMatching(/^a valid label must be an empty string or consist/)] },
  },
  {
    name: 'isPathSegmentName',
    check: isPathSegmentName,
    good: ['a:b', 'kubia.1234'],
    bad: { '.': ["may not be '.'"], 'a/b%': ["may not contain '/'", "may not contain '%'"] },
  },
  {
    name: 'isPortName',
    check: isPortName,
    good: ['http', 'h2-c'],
    bad: {
      '80': ['must contain at least one letter (a-z)'],
      'a--b': ['must not contain consecutive hyphens'],
      '-a': ['must not begin or end with a hyphen'],
      'abcdefghijklmnop': ['must be no more than 15 characters'],
      'HTTP': [
        'must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)',
        'must contain at least one letter (a-z)',
      ],
    },
  },
  {
    name: 'isEnvVarName',
    check: isEnvVarName,
    good: ['PATH', '1 a', '~<>'],
    bad: {
      '': ['environment variable name must be non-empty'],
      'a=b': [
        "a valid environment variable name must consist only of printable ASCII characters other than '='",
      ],
    },
  },
  {
    name: 'isCIdentifier',
    check: isCIdentifier,
    good: ['_a1'],
    bad: { '1a': [expect.stringMatching(/^a valid C identifier/)] },
  },
  {
    name: 'isConfigMapKey',
    check: isConfigMapKey,
    good: ['tls.crt', '_'],
    bad: { '..': ["must not be '..'"], '..a': ["must not start with '..'"], '/': [expect.any(String)] },
  },
  {
    name: 'isHTTPHeaderName',
    check: isHTTPHeaderName,
    good: ['X-A'],
    bad: { 'X A': [expect.stringContaining('[-A-Za-z0-9]+')] },
  },
  {
    name: 'isPercent',
    check: isPercent,
    good: ['25%'],
    bad: { '25': [expect.stringContaining("ending '%'")] },
  },
])('$name', ({ check, good, bad }) => {
  const found = Object.fromEntries([...good, ...Object.keys(bad)].map((value) => [value, check(value)]))
  expect(found).toEqual({ ...Object.fromEntries(good.map((value) => [value, []])), ...bad })
})

test('port numbers', () => {
  expect(isPortNumber(80)).toEqual([])
  expect(isPortNumber(65536)).toEqual(['must be between 1 and 65535, inclusive'])
})

test('a generated name may end in a hyphen, a name may not', () => {
  for (const rule of ['dns-subdomain', 'dns-label', 'dns-1035-label'] as const) {
    expect(namePrefixProblems(rule, 'kubia-')).toEqual([])
    expect(nameProblems(rule, 'kubia-')).toHaveLength(1)
  }
  expect(namePrefixProblems('path-segment', '..')).toEqual([])
  expect(nameProblems('path-segment', '..')).toEqual(["may not be '..'"])
})
