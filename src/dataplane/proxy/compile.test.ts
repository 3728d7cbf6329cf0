import {
  array,
  assert as forAll,
  constantFrom,
  integer,
  option,
  property,
  record,
  shuffledSubarray,
  uniqueArray,
} from 'fast-check'
import { describe, expect, test } from 'vitest'
import { nftCommand } from '../../kernel/nft-command.ts'
import { realProcesses } from '../../kernel/real-processes.ts'
import { TestNetwork } from '../../kernel/test-network.ts'
import { compileElements } from './compile.ts'
import { diff } from './diff.ts'
import { ipv4 } from './family.ts'
import type { ServicePort } from './model.ts'
import { ranges } from './test-objects.ts'
import { asHeld, heldElements, numbering } from './test-table.ts'
import { reloadOperations } from './transactions.ts'

const ep = (address: string, port: number, isLocal = true) => ({ address, port, isLocal })
const web: ServicePort = {
  service: 'default/web',
  family: ipv4,
  address: '10.96.0.10',
  protocol: 'tcp',
  port: 80,
  ownsAddress: true,
  hidesClients: false,
  otherwise: 'refuse',
  endpoints: [ep('10.108.1.4', 8080), ep('10.108.1.7', 8080)],
}
/** At an address of the node, with one endpoint here and one on another node. */
const external: ServicePort = {
  ...web,
  address: '192.168.99.11',
  ownsAddress: false,
  endpoints: [ep('10.108.1.4', 8080), ep('10.108.2.7', 8080, false)],
}

/** Compiled, loaded into a namespace of its own, and listed back; what came back is what was compiled. */
async function throughTheKernel(ports: readonly ServicePort[]): Promise<string[]> {
  await using network = new TestNetwork()
  const { path } = await network.namespace('node')
  const nft = nftCommand({ processes: realProcesses, netns: path })
  const elements = compileElements(ports, numbering())
  await nft.transaction(reloadOperations(ranges, elements))
  const held = await heldElements(nft)
  expect(held).toEqual(asHeld(elements))
  return held
}

interface Case {
  readonly name: string
  readonly ports: readonly ServicePort[]
  readonly is: readonly string[]
}

const cases: readonly Case[] = [
  { name: 'nothing', ports: [], is: [] },
  {
    name: 'a port by the number of its endpoints',
    ports: [web],
    is: [
      'cluster-ips 10.96.0.10',
      'hairpin 10.108.1.4 . 10.108.1.4',
      'hairpin 10.108.1.7 . 10.108.1.7',
      'services 10.96.0.10 . tcp . 80 : 0:4002',
      'slots-2 0:4002 . 0 : 10.108.1.4 . 8080',
      'slots-2 0:4002 . 1 : 10.108.1.7 . 8080',
    ],
  },
  {
    name: 'a port without endpoints only by its refusal',
    ports: [{ ...web, endpoints: [] }],
    is: ['cluster-ips 10.96.0.10'],
  },
  {
    name: 'no way back to pods of other nodes',
    ports: [{ ...web, endpoints: [ep('10.108.2.4', 8080, false)] }],
    is: [
      'cluster-ips 10.96.0.10',
      'services 10.96.0.10 . tcp . 80 : 0:4001',
      'slots-1 0:4001 . 0 : 10.108.2.4 . 8080',
    ],
  },
  {
    name: 'on an address that is not the Service’s alone, only the port is refused',
    ports: [{ ...web, ownsAddress: false, endpoints: [] }],
    is: ['refused 10.96.0.10 . tcp . 80'],
  },
  {
    name: 'a port whose endpoints are elsewhere is dropped',
    ports: [{ ...web, endpoints: [], otherwise: 'drop' }],
    is: ['cluster-ips 10.96.0.10', 'services 10.96.0.10 . tcp . 80 : none'],
  },
  {
    name: 'clients from outside have endpoints of their own, or are dropped',
    ports: [
      { ...external, outside: { endpoints: [ep('10.108.1.4', 8080)], otherwise: 'drop' } },
      { ...external, port: 81, outside: { endpoints: [], otherwise: 'drop' } },
    ],
    is: [
      'hairpin 10.108.1.4 . 10.108.1.4',
      'outside 192.168.99.11 . tcp . 80 : 0:8001',
      'outside 192.168.99.11 . tcp . 81 : none',
      'services 192.168.99.11 . tcp . 80 : 0:4002',
      'services 192.168.99.11 . tcp . 81 : 0:4002',
      'slots-1 0:8001 . 0 : 10.108.1.4 . 8080',
      'slots-2 0:4002 . 0 : 10.108.1.4 . 8080',
      'slots-2 0:4002 . 1 : 10.108.2.7 . 8080',
    ],
  },
  {
    name: 'affinity of clients from outside',
    ports: [
      { ...external, affinitySeconds: 60, endpoints: [], outside: { endpoints: [ep('10.108.1.4', 8080)], otherwise: 'drop' } },
    ],
    is: [
      'hairpin 10.108.1.4 . 10.108.1.4',
      'outside 192.168.99.11 . tcp . 80 : c007:8001',
      'refused 192.168.99.11 . tcp . 80',
      'sticky-choices-outside 192.168.99.11 . tcp . 80 . 4c10:d8f8 : 10.108.1.4 . 8080',
      'sticky-endpoints-outside 192.168.99.11 . tcp . 80 . 4c10:d8f8 : 10.108.1.4 . 8080',
      'sticky-slots-outside-1 192.168.99.11 . tcp . 80 . 0 : 4c10:d8f8',
    ],
  },
  {
    name: 'clients that are hidden, and ranges of clients, nested ones once',
    ports: [
      {
        ...external,
        endpoints: [],
        hidesClients: true,
        allowedSources: ['10.0.0.0/8', '10.1.0.0/16', '10.1.2.3', '10.0.0.0/8', '192.0.2.7', '198.51.100.0/24'],
      },
      { ...external, port: 81, endpoints: [], allowedSources: ['0.0.0.0/0', '192.0.2.0/24'] },
    ],
    is: [
      'allowed-sources 192.168.99.11 . tcp . 80 . 10.0.0.0/8',
      'allowed-sources 192.168.99.11 . tcp . 80 . 192.0.2.7',
      'allowed-sources 192.168.99.11 . tcp . 80 . 198.51.100.0/24',
      'allowed-sources 192.168.99.11 . tcp . 81 . 0.0.0.0/0',
      'masqueraded 192.168.99.11 . tcp . 80',
      'refused 192.168.99.11 . tcp . 80',
      'refused 192.168.99.11 . tcp . 81',
      'restricted 192.168.99.11 . tcp . 80',
      'restricted 192.168.99.11 . tcp . 81',
    ],
  },
  {
    name: 'the clients of the first Service alone, if two want one frontend: their ranges might overlap',
    ports: [
      { ...external, service: 'default/b', endpoints: [], allowedSources: ['10.1.0.0/16'] },
      { ...external, service: 'default/a', endpoints: [], allowedSources: ['10.0.0.0/8', '192.0.2.7'] },
    ],
    is: [
      'allowed-sources 192.168.99.11 . tcp . 80 . 10.0.0.0/8',
      'allowed-sources 192.168.99.11 . tcp . 80 . 192.0.2.7',
      'refused 192.168.99.11 . tcp . 80',
      'restricted 192.168.99.11 . tcp . 80',
    ],
  },
  {
    name: 'UDP and SCTP beside TCP on one port, with the same endpoints',
    ports: (['tcp', 'udp', 'sctp'] as const).map((protocol) => {
      return { ...web, protocol, endpoints: [ep('10.108.1.4', 53)] }
    }),
    is: [
      'cluster-ips 10.96.0.10',
      'hairpin 10.108.1.4 . 10.108.1.4',
      'services 10.96.0.10 . sctp . 80 : 0:4001',
      'services 10.96.0.10 . tcp . 80 : 0:4001',
      'services 10.96.0.10 . udp . 80 : 0:4001',
      'slots-1 0:4001 . 0 : 10.108.1.4 . 53',
    ],
  },
  {
    name: 'affinity by marks that stand for endpoints',
    ports: [{ ...web, affinitySeconds: 10_800 }],
    is: [
      'cluster-ips 10.96.0.10',
      'hairpin 10.108.1.4 . 10.108.1.4',
      'hairpin 10.108.1.7 . 10.108.1.7',
      'services 10.96.0.10 . tcp . 80 : 8546:2',
      'sticky-choices 10.96.0.10 . tcp . 80 . 4c10:d8f8 : 10.108.1.4 . 8080',
      'sticky-choices 10.96.0.10 . tcp . 80 . f81d:f73b : 10.108.1.7 . 8080',
      'sticky-endpoints 10.96.0.10 . tcp . 80 . 4c10:d8f8 : 10.108.1.4 . 8080',
      'sticky-endpoints 10.96.0.10 . tcp . 80 . f81d:f73b : 10.108.1.7 . 8080',
      'sticky-slots-2 10.96.0.10 . tcp . 80 . 0 : 4c10:d8f8',
      'sticky-slots-2 10.96.0.10 . tcp . 80 . 1 : f81d:f73b',
    ],
  },
  {
    name: 'of two Services that want one address and port the first by name has it',
    ports: [
      { ...web, service: 'default/b', endpoints: [ep('10.108.1.9', 1)] },
      { ...web, service: 'default/a', endpoints: [ep('10.108.1.8', 2)] },
    ],
    is: [
      'cluster-ips 10.96.0.10',
      'hairpin 10.108.1.8 . 10.108.1.8',
      'hairpin 10.108.1.9 . 10.108.1.9',
      'services 10.96.0.10 . tcp . 80 : 0:4001',
      'slots-1 0:4001 . 0 : 10.108.1.8 . 2',
      'slots-1 0:8001 . 0 : 10.108.1.9 . 1',
    ],
  },
]

describe('the kernel lists', () => {
  test.each(cases)('$name', async ({ ports, is }) => {
    expect(await throughTheKernel(ports)).toEqual(is)
  })
})

/** Several Services whose addresses and endpoints overlap. */
const someEndpoints = uniqueArray(integer({ min: 1, max: 5 })).map((hosts) => {
  return hosts.sort().map((host) => ep(`10.108.1.${host}`, 8080))
})
const anyPorts = array(
  record({
    service: constantFrom('default/a', 'default/b', 'default/c'),
    family: constantFrom(ipv4),
    address: constantFrom('10.96.0.1', '10.96.0.2'),
    protocol: constantFrom('tcp' as const, 'udp' as const),
    port: constantFrom(80, 81),
    ownsAddress: constantFrom(true, false),
    hidesClients: constantFrom(true, false),
    endpoints: someEndpoints,
    otherwise: constantFrom('refuse' as const, 'drop' as const),
    outside: option(record({ endpoints: someEndpoints, otherwise: constantFrom('refuse' as const, 'drop' as const) })),
    allowedSources: option(uniqueArray(constantFrom('10.0.0.0/8', '10.1.0.0/16', '10.1.2.3', '192.0.2.0/24'))),
    affinitySeconds: option(constantFrom(60, 90)),
  }).map(({ outside, allowedSources, affinitySeconds, ...port }): ServicePort => {
    return {
      ...port,
      ...(outside === null ? {} : { outside }),
      ...(allowedSources === null ? {} : { allowedSources }),
      ...(affinitySeconds === null ? {} : { affinitySeconds }),
    }
  }),
)
/** A Service says each address, protocol and port once. */
const onePerFrontend = (ports: readonly ServicePort[]) =>
  [...new Map(ports.map((port) => [`${port.service} ${port.address} ${port.protocol} ${port.port}`, port])).values()]

test('the order of ports makes no difference, and no key comes twice', () => {
  const shuffled = anyPorts
    .map(onePerFrontend)
    .chain((ports) => shuffledSubarray(ports, { minLength: ports.length }).map((others) => ({ ports, others })))
  forAll(
    property(shuffled, ({ ports, others }) => {
      const elements = compileElements(ports, numbering())
      expect(compileElements(others, numbering())).toEqual(elements)
      expect(new Set(elements.map(({ set, key }) => `${set} ${key}`)).size).toBe(elements.length)
    }),
  )
})

test('a difference leads from one result to the other and holds nothing that stays', () => {
  forAll(
    property(anyPorts.map(onePerFrontend), anyPorts.map(onePerFrontend), (before, after) => {
      const numberOf = numbering()
      const [last, next] = [compileElements(before, numberOf), compileElements(after, numberOf)]
      const changes = diff(last, next)
      const removed = changes.map(({ before }) => before).filter((element) => element !== undefined)
      const added = changes.map(({ after }) => after).filter((element) => element !== undefined)
      const left = asHeld(last).filter((element) => !asHeld(removed).includes(element))
      expect([...left, ...asHeld(added)].sort()).toEqual(asHeld(next))
      expect(asHeld(added).filter((element) => asHeld(removed).includes(element))).toEqual([])
      expect(diff(next, next)).toEqual([])
    }),
  )
})

test('an endpoint keeps its mark whichever others there are, and no two of a port share one', () => {
  const marks = (endpoints: ServicePort['endpoints']) =>
    compileElements([{ ...web, endpoints, affinitySeconds: 60 }], numbering()).filter(({ set }) => set === 'sticky-endpoints')
  const many = Array.from({ length: 500 }, (_, host) => ep(`10.108.${host >> 8}.${host & 255}`, 8080))
  const [alone] = marks(many.slice(7, 8))
  expect(marks(many).find(({ value }) => value === alone?.value)).toEqual(alone)
  expect(marks(many)).toHaveLength(500)
})

describe('endpoints that the code has no room for are left out', () => {
  const many = Array.from({ length: 16_384 }, (_, host) => ep(`10.108.${host >> 8}.${host & 255}`, 8080))

  test.each([
    { of: web, value: '0:7fff', slots: 'slots-16383', count: 16_383 },
    { of: { ...web, affinitySeconds: 86_400 }, value: 'aa30:1fff', slots: 'sticky-slots-8191', count: 8191 },
  ])('$count stay in $slots', ({ of, value, slots, count }) => {
    const elements = compileElements([{ ...of, endpoints: many }], numbering())
    expect(elements.find(({ set }) => set === 'services')?.value).toBe(value)
    expect(elements.filter(({ set }) => set === slots)).toHaveLength(count)
  })
})

test('without a number for the pool there is no way to its endpoints', () => {
  expect(asHeld(compileElements([web], () => undefined))).toEqual([
    'cluster-ips 10.96.0.10',
    'hairpin 10.108.1.4 . 10.108.1.4',
    'hairpin 10.108.1.7 . 10.108.1.7',
  ])
})
