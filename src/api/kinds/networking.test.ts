/** ServiceCIDR and IPAddress. */
import { describe, expect, test } from 'vitest'
import { ipAddressKind } from './ip-address.ts'
import { created, createProblems, row, updateProblems } from './kind-trial.ts'
import { serviceCIDRKind } from './service-cidr.ts'

const ranges = (...cidrs: string[]) => ({ spec: { cidrs } })
const onePerFamily = 'may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and 2001:db8::/64'

describe('a ServiceCIDR', () => {
  const kind = serviceCIDRKind
  const cases: { name: string; draft: object; problems: string[] }[] = [
    { name: 'one range', draft: ranges('10.96.0.0/12'), problems: [] },
    { name: 'one of each family', draft: ranges('2001:db8::/112', '10.96.0.0/12'), problems: [] },
    { name: 'none', draft: {}, problems: ['spec.cidrs: Required value: at least one CIDR required'] },
    {
      name: 'three',
      draft: ranges('a', 'b', 'c'),
      problems: ['spec.cidrs: Invalid value: {"cidrs":["a","b","c"]}: may only hold up to 2 values'],
    },
    {
      name: 'two of one family',
      draft: ranges('10.0.0.0/8', '192.168.0.0/16'),
      problems: [`spec.cidrs: Invalid value: ["10.0.0.0/8","192.168.0.0/16"]: ${onePerFamily}`],
    },
    {
      name: 'ranges that are none, or are written in another way',
      draft: ranges('10.0.0.1/8', '2001:DB8::/64'),
      problems: [
        'spec.cidrs[0]: Invalid value: "10.0.0.1/8": must not have bits set beyond the prefix length',
        'spec.cidrs[1]: Invalid value: "2001:DB8::/64": must be in canonical form ("2001:db8::/64")',
      ],
    },
  ]
  for (const { name, draft, problems } of cases) {
    test(name, () => expect(createProblems(kind, draft)).toEqual(problems))
  }

  test('keeps its ranges, but may get one of the other family', () => {
    const previous = created(kind, ranges('10.96.0.0/12'))
    expect(updateProblems(kind, previous, ranges('10.96.0.0/12', '2001:db8::/112'))).toEqual([])
    expect(updateProblems(kind, previous, ranges('10.97.0.0/16'))).toEqual([
      'spec.cidrs[0]: Invalid value: "10.97.0.0/16": field is immutable',
    ])
    const dual = created(kind, ranges('10.96.0.0/12', '2001:db8::/112'))
    expect(updateProblems(kind, dual, ranges('10.96.0.0/12'))).toEqual([
      'spec.cidrs: Invalid value: ["10.96.0.0/12"]: field is immutable',
    ])
  })

  test('has a row', () => {
    const object = created(kind, ranges('10.96.0.0/12', '2001:db8::/112'))
    expect(row(kind, object)).toEqual({ Name: 'web', CIDRs: '10.96.0.0/12,2001:db8::/112', Age: '60s' })
  })
})

describe('an IPAddress', () => {
  const kind = ipAddressKind
  const parentRef = { resource: 'services', namespace: 'default', name: 'kubernetes' }
  const address = (name: string, spec: object = { parentRef }) => ({ metadata: { name }, spec })
  const cases: { name: string; draft: object; problems: unknown[] }[] = [
    { name: 'a plain one', draft: address('10.96.0.1'), problems: [] },
    { name: 'of IPv6', draft: address('2001:db8::a'), problems: [] },
    {
      name: 'whose name is none',
      draft: address('kubernetes'),
      problems: [
        'metadata.name: Invalid value: "kubernetes": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)',
      ],
    },
    {
      name: 'whose name can be written otherwise',
      draft: address('2001:db8:0::A'),
      problems: ['metadata.name: Invalid value: "2001:db8:0::A": must be in canonical form ("2001:db8::a")'],
    },
    { name: 'of nobody', draft: address('10.96.0.1', {}), problems: ['spec.parentRef: Required value'] },
    {
      name: 'of nobody that could be',
      draft: address('10.96.0.1', { parentRef: { group: 'A', namespace: 'a/b', name: '..' } }),
      problems: [
        expect.stringMatching(/^spec.parentRef.group: Invalid value: "A": a lowercase RFC 1123 subdomain/),
        'spec.parentRef.resource: Required value',
        `spec.parentRef.name: Invalid value: "..": may not be '..'`,
        `spec.parentRef.namespace: Invalid value: "a/b": may not contain '/'`,
      ],
    },
  ]
  for (const { name, draft, problems } of cases) {
    test(name, () => expect(createProblems(kind, draft)).toEqual(problems))
  }

  test('stays with whom it belongs to', () => {
    const previous = created(kind, address('10.96.0.1'))
    const other = { ...parentRef, name: 'kubia' }
    expect(updateProblems(kind, previous, address('10.96.0.1', { parentRef: other }))).toEqual([
      `spec.parentRef: Invalid value: ${JSON.stringify(other)}: field is immutable`,
    ])
  })

  test('has a row', () => {
    const object = created(kind, address('10.96.0.1'))
    expect(row(kind, object)).toEqual({ Name: '10.96.0.1', ParentRef: 'services/default/kubernetes' })
    const cluster = address('10.96.0.2', { parentRef: { group: 'a.com', resource: 'gateways', name: 'b' } })
    expect(row(kind, created(kind, cluster))).toMatchObject({ ParentRef: 'gateways.a.com/b' })
  })
})
