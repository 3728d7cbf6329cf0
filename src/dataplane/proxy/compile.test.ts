import {
  array,
  assert as forAll,
  constantFrom,
  integer,
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
import { asHeld, heldElements } from './test-table.ts'
import { reloadOperations } from './transactions.ts'

const ep = (address: string, port: number, isLocal = true) => ({ address, port, isLocal })
const web: ServicePort = {
  service: 'default/web',
  family: ipv4,
  address: '10.96.0.10',
  protocol: 'tcp',
  port: 80,
  ownsAddress: true,
  endpoints: [ep('10.108.1.4', 8080), ep('10.108.1.7', 8080)],
}

/** Compiled, loaded into a namespace of its own, and listed back; what came back is what was compiled. */
async function throughTheKernel(ports: readonly ServicePort[]): Promise<string[]> {
  await using network = new TestNetwork()
  const { path } = await network.namespace('node')
  const nft = nftCommand({ processes: realProcesses, netns: path })
  const elements = compileElements(ports)
  await nft.transaction(reloadOperations([ipv4], elements))
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
      'services 10.96.0.10 . tcp . 80 : goto pick-2',
      'slots-2 10.96.0.10 . tcp . 80 . 0 : 10.108.1.4 . 8080',
      'slots-2 10.96.0.10 . tcp . 80 . 1 : 10.108.1.7 . 8080',
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
      'services 10.96.0.10 . tcp . 80 : goto pick-1',
      'slots-1 10.96.0.10 . tcp . 80 . 0 : 10.108.2.4 . 8080',
    ],
  },
  {
    name: 'an address that is not the Service’s alone is not refused',
    ports: [{ ...web, ownsAddress: false, endpoints: [] }],
    is: [],
  },
  {
    name: 'UDP and SCTP beside TCP on one port',
    ports: (['tcp', 'udp', 'sctp'] as const).map((protocol) => {
      return { ...web, protocol, endpoints: [ep('10.108.1.4', 53)] }
    }),
    is: [
      'cluster-ips 10.96.0.10',
      'hairpin 10.108.1.4 . 10.108.1.4',
      'services 10.96.0.10 . sctp . 80 : goto pick-1',
      'services 10.96.0.10 . tcp . 80 : goto pick-1',
      'services 10.96.0.10 . udp . 80 : goto pick-1',
      'slots-1 10.96.0.10 . sctp . 80 . 0 : 10.108.1.4 . 53',
      'slots-1 10.96.0.10 . tcp . 80 . 0 : 10.108.1.4 . 53',
      'slots-1 10.96.0.10 . udp . 80 . 0 : 10.108.1.4 . 53',
    ],
  },
  {
    name: 'affinity by marks that stand for endpoints',
    ports: [{ ...web, affinitySeconds: 10_800 }],
    is: [
      'cluster-ips 10.96.0.10',
      'hairpin 10.108.1.4 . 10.108.1.4',
      'hairpin 10.108.1.7 . 10.108.1.7',
      'services 10.96.0.10 . tcp . 80 : goto sticky-2-10800',
      'sticky-endpoints 10.96.0.10 . tcp . 80 . 0x4c10d8f8 : 10.108.1.4 . 8080',
      'sticky-endpoints 10.96.0.10 . tcp . 80 . 0xf81df73b : 10.108.1.7 . 8080',
      'sticky-slots-2 10.96.0.10 . tcp . 80 . 0 : 0x4c10d8f8',
      'sticky-slots-2 10.96.0.10 . tcp . 80 . 1 : 0xf81df73b',
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
      'services 10.96.0.10 . tcp . 80 : goto pick-1',
      'slots-1 10.96.0.10 . tcp . 80 . 0 : 10.108.1.8 . 2',
    ],
  },
]

describe('the kernel lists', () => {
  test.each(cases)('$name', async ({ ports, is }) => {
    expect(await throughTheKernel(ports)).toEqual(is)
  })
})

/** Several Services whose addresses and endpoints overlap. */
const anyPorts = array(
  record({
    service: constantFrom('default/a', 'default/b', 'default/c'),
    family: constantFrom(ipv4),
    address: constantFrom('10.96.0.1', '10.96.0.2'),
    protocol: constantFrom('tcp' as const, 'udp' as const),
    port: constantFrom(80, 81),
    ownsAddress: constantFrom(true, false),
    endpoints: uniqueArray(integer({ min: 1, max: 5 })).map((hosts) => {
      return hosts.sort().map((host) => ep(`10.108.1.${host}`, 8080))
    }),
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
      const elements = compileElements(ports)
      expect(compileElements(others)).toEqual(elements)
      expect(new Set(elements.map(({ set, key }) => `${set} ${key}`)).size).toBe(elements.length)
    }),
  )
})

test('a difference leads from one result to the other and holds nothing that stays', () => {
  forAll(
    property(anyPorts.map(onePerFrontend), anyPorts.map(onePerFrontend), (before, after) => {
      const [last, next] = [compileElements(before), compileElements(after)]
      const { removed, added } = diff(last, next)
      const left = asHeld(last).filter((element) => !asHeld(removed).includes(element))
      expect([...left, ...asHeld(added)].sort()).toEqual(asHeld(next))
      expect(asHeld(added).filter((element) => asHeld(removed).includes(element))).toEqual([])
      expect(diff(next, next)).toEqual({ removed: [], added: [] })
    }),
  )
})

test('an endpoint keeps its mark whichever others there are, and no two of a port share one', () => {
  const marks = (endpoints: ServicePort['endpoints']) =>
    compileElements([{ ...web, endpoints, affinitySeconds: 60 }]).filter(({ set }) => set === 'sticky-endpoints')
  const many = Array.from({ length: 500 }, (_, host) => ep(`10.108.${host >> 8}.${host & 255}`, 8080))
  const [alone] = marks(many.slice(7, 8))
  expect(marks(many).find(({ value }) => value === alone?.value)).toEqual(alone)
  expect(marks(many)).toHaveLength(500)
})
