import { expect, test } from 'vitest'
import { endpointSliceKind } from './endpoint-slice.ts'
import { endpointsKind } from './endpoints.ts'
import { created, createProblems, row, updated, updateProblems } from './kind-trial.ts'

const loopback = 'may not be in the loopback range (127.0.0.0/8, ::1/128)'
const noAddress = 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)'

for (const { name, subset, problems } of [
  { name: 'addresses and a port', subset: { addresses: [{ ip: '10.108.1.5' }], ports: [{ port: 80 }] }, problems: [] },
  { name: 'addresses only', subset: { notReadyAddresses: [{ ip: '10.108.1.5' }] }, problems: [] },
  {
    name: 'no addresses',
    subset: { ports: [{ port: 80 }] },
    problems: ['subsets[0]: Required value: must specify `addresses` or `notReadyAddresses`'],
  },
  {
    name: 'the machine itself',
    subset: { addresses: [{ ip: '127.0.0.1' }] },
    problems: [`subsets[0].addresses[0].ip: Invalid value: "127.0.0.1": ${loopback}`],
  },
  {
    name: 'no IP address',
    subset: { addresses: [{ ip: 'example.com', hostname: 'a.b' }] },
    problems: [
      `subsets[0].addresses[0].ip: Invalid value: "example.com": ${noAddress}`,
      'subsets[0].addresses[0].hostname: Invalid value: "a.b": must not contain dots',
      'subsets[0].addresses[0].ip: Invalid value: "example.com": must be a valid IP address',
    ],
  },
  {
    name: 'several ports, unnamed and wrong',
    subset: { addresses: [{ ip: '10.108.1.5' }], ports: [{ port: 0 }, { name: 'b', port: 80, protocol: 'X' }] },
    problems: [
      'subsets[0].ports[0].name: Required value',
      'subsets[0].ports[0].port: Invalid value: 0: must be between 1 and 65535, inclusive',
      'subsets[0].ports[1].protocol: Unsupported value: "X": supported values: "SCTP", "TCP", "UDP"',
    ],
  },
]) {
  test(`Endpoints: ${name}`, () => expect(createProblems(endpointsKind, { subsets: [subset] })).toEqual(problems))
}

for (const [name, subsets, cell] of [
  ['none', undefined, '<none>'],
  ['none that are ready', [{ notReadyAddresses: [{ ip: '10.1.0.1' }], ports: [{ port: 80 }] }], ''],
  ['one', [{ addresses: [{ ip: '10.1.0.1' }], ports: [{ port: 80 }] }], '10.1.0.1:80'],
  ['one without ports', [{ addresses: [{ ip: '10.1.0.1' }] }], '10.1.0.1'],
  ['an IPv6 address', [{ addresses: [{ ip: 'fd00::1' }], ports: [{ port: 80 }] }], '[fd00::1]:80'],
  [
    'many',
    [
      { addresses: [{ ip: '10.1.0.1' }, { ip: '10.1.0.2' }], ports: [{ port: 80 }, { port: 443 }] },
      { addresses: [{ ip: '10.1.0.3' }], ports: [{ port: 8080 }] },
    ],
    '10.1.0.1:80,10.1.0.2:80,10.1.0.1:443 + 2 more...',
  ],
] as const) {
  test(`the row of Endpoints: ${name}`, () => {
    expect(row(endpointsKind, created(endpointsKind, { subsets }))).toEqual({ Name: 'web', Endpoints: cell, Age: '60s' })
  })
}

const names = (count: number) => Array.from({ length: count }, (_, at) => ({ name: `n${at}` }))
const slice = (fields: object) => ({ addressType: 'IPv4', endpoints: [{ addresses: ['10.108.1.5'] }], ...fields })

for (const { name, fields, problems } of [
  { name: 'a plain one', fields: { ports: [{ name: 'http', port: 8080 }] }, problems: [] },
  { name: 'no type', fields: { addressType: undefined }, problems: ['addressType: Required value'] },
  {
    name: 'another type',
    fields: { addressType: 'IP' },
    problems: ['addressType: Unsupported value: "IP": supported values: "FQDN", "IPv4", "IPv6"'],
  },
  {
    name: 'no, wrong and special addresses',
    fields: { endpoints: [{ addresses: [] }, { addresses: ['fd00::1', '127.0.0.1', 'web'] }] },
    problems: [
      'endpoints[0].addresses: Required value: must contain at least 1 address',
      'endpoints[1].addresses[0]: Invalid value: "fd00::1": must be an IPv4 address',
      `endpoints[1].addresses[1]: Invalid value: "127.0.0.1": ${loopback}`,
      `endpoints[1].addresses[2]: Invalid value: "web": ${noAddress}`,
    ],
  },
  {
    name: 'names',
    fields: { addressType: 'FQDN', endpoints: [{ addresses: ['example.com.', 'localhost'] }] },
    problems: [
      'endpoints[0].addresses[1]: Invalid value: "localhost": should be a domain with at least two segments separated by dots',
    ],
  },
  {
    name: 'too many endpoints',
    fields: { endpoints: Array.from({ length: 1001 }, () => ({ addresses: ['10.108.1.5'] })) },
    problems: ['endpoints: Too many: 1001: must have at most 1000 items'],
  },
  {
    name: 'ports of one name',
    fields: { ports: [{ port: 80 }, { port: 81, protocol: 'http' }] },
    problems: [
      'ports[1].name: Duplicate value: ""',
      'ports[1].protocol: Unsupported value: "http": supported values: "SCTP", "TCP", "UDP"',
    ],
  },
  {
    name: 'hints',
    fields: { endpoints: [{ addresses: ['10.108.1.5'], hints: { forZones: [{ name: 'a' }, { name: 'a' }] } }] },
    problems: ['endpoints[0].hints.forZones[1].name: Duplicate value: "a"'],
  },
  {
    name: 'hints for zones and nodes',
    fields: { endpoints: [{ addresses: ['10.108.1.5'], hints: { forZones: names(8), forNodes: names(8) } }] },
    problems: [],
  },
  {
    name: 'hints for too many',
    fields: {
      endpoints: [
        { addresses: ['10.108.1.5'], hints: { forZones: names(9) } },
        { addresses: ['10.108.1.6'], hints: { forNodes: names(9) } },
      ],
    },
    problems: [
      'endpoints[0].hints.forZones: Too many: 9: must have at most 8 items',
      'endpoints[1].hints.forNodes: Too many: 9: must have at most 8 items',
    ],
  },
  {
    name: 'hints with wrong names',
    fields: {
      endpoints: [{ addresses: ['10.108.1.5'], hints: { forZones: [{ name: 'a b' }], forNodes: [{ name: 'Node' }] } }],
    },
    problems: [
      "endpoints[0].hints.forZones[0].name: Invalid value: \"a b\": a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')",
      "endpoints[0].hints.forNodes[0].name: Invalid value: \"Node\": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
    ],
  },
] as { name: string; fields: object; problems: string[] }[]) {
  test(`EndpointSlice: ${name}`, () => expect(createProblems(endpointSliceKind, slice(fields))).toEqual(problems))
}

test('an EndpointSlice keeps its type, and counts changes of its content', () => {
  const previous = created(endpointSliceKind, slice({ ports: [{ port: 80 }] }))
  expect(previous.ports).toEqual([{ name: '', port: 80, protocol: 'TCP' }])
  expect(updateProblems(endpointSliceKind, previous, slice({ addressType: 'FQDN', endpoints: [] }))).toEqual([
    'addressType: Invalid value: "FQDN": field is immutable',
  ])
  expect(updated(endpointSliceKind, previous, slice({ ports: [{ port: 80 }] })).metadata.generation).toBe(1)
  expect(updated(endpointSliceKind, previous, slice({ ports: [{ port: 81 }] })).metadata.generation).toBe(2)
})

test('the rows of EndpointSlices', () => {
  const many = ['10.1.0.1', '10.1.0.2', '10.1.0.3', '10.1.0.4'].map((address) => ({ addresses: [address] }))
  const full = created(endpointSliceKind, slice({ endpoints: many, ports: [{ port: 80 }, { name: 'any' }] }))
  expect(row(endpointSliceKind, full)).toEqual({
    Name: 'web',
    AddressType: 'IPv4',
    Ports: '80,any',
    Endpoints: '10.1.0.1,10.1.0.2,10.1.0.3 + 1 more...',
    Age: '60s',
  })
  const empty = created(endpointSliceKind, slice({ endpoints: [] }))
  expect(row(endpointSliceKind, empty)).toMatchObject({ Ports: '<unset>', Endpoints: '<unset>' })
})
