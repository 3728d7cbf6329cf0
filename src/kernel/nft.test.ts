import { describe, expect, test } from 'vitest'
import { systemClock } from '../base/clock.ts'
import { nftCommand } from './nft-command.ts'
import { FakeNft } from './nft-fake.ts'
import { nftSession } from './nft-session.ts'
import { parseListing } from './nft-table-listing.ts'
import { NftError, type Nft, type NftElement, type NftOperation } from './nft.ts'
import { realProcesses } from './real-processes.ts'
import { newNamespace, scratch } from './test-scratch.ts'

const table = 'trial'
const base = `table inet ${table} {
  map services { typeof ip daddr . meta l4proto . th dport : verdict; }
  map slots-2 { typeof ip daddr . meta l4proto . th dport . numgen random mod 2 : ip daddr . th dport; }
  set hairpin {
    typeof ip saddr . ip daddr
    elements = { 10.0.0.1 . 10.0.0.1 }
  }
  chain prerouting {
    type nat hook prerouting priority dstnat; policy accept;
    ip daddr . meta l4proto . th dport vmap @services
  }
  chain pick-2 { ip saddr . ip daddr @hairpin drop; }
}`
const load: NftOperation = { op: 'load', text: base }
const deleteTable: NftOperation = { op: 'delete-table', table }
const web = '10.96.0.10 . tcp . 80'

function add(set: string, ...elements: NftElement[]): NftOperation {
  return { op: 'add-elements', table, set, elements }
}

function remove(set: string, ...elements: NftElement[]): NftOperation {
  return { op: 'delete-elements', table, set, elements }
}

const service = (key: string, value: string): NftElement => ({ key, value })

interface Case {
  readonly name: string
  /** Transactions that must all be taken. */
  readonly given?: readonly (readonly NftOperation[])[]
  /** A last one, which must be refused with a message like this and change nothing. */
  readonly refused?: readonly NftOperation[]
  readonly message?: RegExp
  readonly holds?: Readonly<Record<string, readonly string[] | undefined>>
}

const cases: readonly Case[] = [
  { name: 'an empty transaction', given: [[]], holds: { services: undefined } },
  {
    name: 'load makes sets, with the elements in the text',
    given: [[load]],
    holds: { services: [], 'slots-2': [], hairpin: ['10.0.0.1 . 10.0.0.1'], absent: undefined },
  },
  {
    name: 'load of a set that is there keeps its elements',
    given: [[load], [add('services', service(web, 'goto pick-2'))], [load]],
    holds: { services: [`${web} : goto pick-2`] },
  },
  {
    name: 'load of a set that is there in another form',
    given: [[load]],
    refused: [{ op: 'load', text: `table inet ${table} {\n map services { typeof ip daddr : verdict; }\n}` }],
    message: /File exists|Invalid argument/,
    holds: { services: [] },
  },
  {
    name: 'load of a rule with an absent chain',
    refused: [{ op: 'load', text: `table inet ${table} {\n chain one { goto two; }\n}` }],
    message: /No such file/,
  },
  {
    name: 'load of a rule with an absent set',
    refused: [{ op: 'load', text: `table inet ${table} {\n chain one { ip saddr @two drop; }\n}` }],
    message: /No such file/,
  },
  {
    name: 'load of something that is not nft',
    refused: [{ op: 'load', text: 'table inet {' }],
    message: /syntax error/,
  },
  {
    name: 'elements are listed sorted, with values in maps',
    given: [
      [
        load,
        add('slots-2', service(`${web} . 1`, '10.108.1.2 . 8080'), service(`${web} . 0`, '10.108.1.3 . 8080')),
        add('services', service(web, 'goto pick-2'), service('10.96.0.9 . udp . 53', 'drop')),
        add('hairpin', { key: '10.108.1.2 . 10.108.1.2' }),
      ],
    ],
    holds: {
      services: [`${web} : goto pick-2`, '10.96.0.9 . udp . 53 : drop'],
      'slots-2': [`${web} . 0 : 10.108.1.3 . 8080`, `${web} . 1 : 10.108.1.2 . 8080`],
      hairpin: ['10.0.0.1 . 10.0.0.1', '10.108.1.2 . 10.108.1.2'],
    },
  },
  {
    name: 'adding the same again changes nothing',
    given: [[load, add('services', service(web, 'drop'))], [add('services', service(web, 'drop'))]],
    holds: { services: [`${web} : drop`] },
  },
  {
    name: 'adding a key that has another value',
    given: [[load, add('services', service(web, 'drop'))]],
    refused: [add('services', service('10.96.0.9 . tcp . 1', 'drop'), service(web, 'accept'))],
    message: /File exists/,
    holds: { services: [`${web} : drop`] },
  },
  {
    name: 'adding a key twice in one transaction with different values',
    given: [[load]],
    refused: [add('services', service(web, 'drop'), service(web, 'accept'))],
    message: /File exists/,
    holds: { services: [] },
  },
  {
    name: 'deleting and adding a key in one transaction replaces its value',
    given: [
      [load, add('services', service(web, 'drop')), add('slots-2', service(`${web} . 0`, '10.108.1.3 . 8080'))],
      [
        remove('services', service(web, 'drop')),
        remove('slots-2', service(`${web} . 0`, '10.108.1.3 . 8080')),
        add('services', service(web, 'goto pick-2')),
        add('slots-2', service(`${web} . 0`, '10.108.1.4 . 8080')),
      ],
    ],
    holds: { services: [`${web} : goto pick-2`], 'slots-2': [`${web} . 0 : 10.108.1.4 . 8080`] },
  },
  {
    name: 'adding and deleting a key in one transaction leaves nothing',
    given: [[load, add('services', service(web, 'drop')), remove('services', { key: web })]],
    holds: { services: [] },
  },
  {
    name: 'deleting a key that is not there',
    given: [[load, add('services', service(web, 'drop'))]],
    refused: [remove('services', { key: web }, { key: '10.96.0.9 . tcp . 1' })],
    message: /No such file/,
    holds: { services: [`${web} : drop`] },
  },
  {
    name: 'a verdict that names an absent chain',
    given: [[load]],
    refused: [add('services', service(web, 'goto pick-3'))],
    message: /No such file/,
  },
  {
    name: 'a chain made in the transaction that names it',
    given: [
      [load],
      [
        { op: 'load', text: `table inet ${table} {\n chain pick-3 { drop; }\n}` },
        add('services', service(web, 'goto pick-3')),
      ],
    ],
    holds: { services: [`${web} : goto pick-3`] },
  },
  { name: 'adding to an absent set', given: [[load]], refused: [add('absent', { key: '1' })], message: /No such file/ },
  { name: 'deleting from an absent table', refused: [remove('services', { key: web })], message: /No such file/ },
  { name: 'adding no elements to an absent set', given: [[load, add('absent')]], holds: { services: [] } },
  {
    name: 'a key of too few parts',
    given: [[load]],
    refused: [add('services', service('10.96.0.10 . tcp', 'drop'))],
    message: /Error/,
  },
  {
    name: 'a value in a set',
    given: [[load]],
    refused: [add('hairpin', service('1.1.1.1 . 1.1.1.1', 'drop'))],
    message: /Error/,
  },
  { name: 'deleting a table', given: [[load], [deleteTable]], holds: { services: undefined } },
  { name: 'deleting an absent table', refused: [deleteTable], message: /No such file/ },
  {
    name: 'replacing a table, whether there is one or not, even of another form',
    given: [
      [
        { op: 'load', text: `table inet ${table} {\n map services { typeof th dport : verdict; }\n}` },
        add('services', service('80', 'drop')),
      ],
      [
        { op: 'load', text: `table inet ${table} {\n}` },
        deleteTable,
        load,
        add('services', service(web, 'goto pick-2')),
      ],
    ],
    holds: { services: [`${web} : goto pick-2`] },
  },
]

/** What became of a case, in the form of `expected`. */
async function outcome(nft: Nft, { given = [], refused = [], message = /^$/, holds = {} }: Case) {
  for (const operations of given) await nft.transaction(operations)
  const before = await nft.listTable(table)
  const refusal = await nft.transaction(refused).catch((error: unknown) => error)
  const unchanged = (await nft.listTable(table)) === before
  const held = await Promise.all(Object.keys(holds).map(async (set) => [set, await nft.elements(table, set)]))
  const asExpected = refusal instanceof NftError && message.test(refusal.message)
  return { refusal: asExpected ? message : refusal, unchanged, holds: Object.fromEntries(held) as unknown }
}

function expected({ message, holds = {} }: Case) {
  return { refusal: message, unchanged: true, holds }
}

/** An empty nftables; what it needs ends with `cleanup`. */
type Open = (cleanup: AsyncDisposableStack) => Promise<Nft>

const implementations: readonly { readonly name: string; readonly open: Open }[] = [
  { name: 'fake', open: async () => new FakeNft() },
  {
    name: 'nft command',
    open: async (cleanup) => nftCommand({ processes: realProcesses, netns: await newNamespace(cleanup) }),
  },
  {
    name: 'nft session',
    open: async (cleanup) => {
      const netns = await newNamespace(cleanup)
      const { path: scratchDirectory } = cleanup.use(await scratch())
      return cleanup.use(nftSession({ processes: realProcesses, clock: systemClock, netns, scratchDirectory }))
    },
  },
]

describe.each(implementations)('$name', ({ open }) => {
  test.each(cases)('$name', async (trial) => {
    await using cleanup = new AsyncDisposableStack()
    expect(await outcome(await open(cleanup), trial)).toEqual(expected(trial))
  })

  test('transactions asked for at once are applied in their order, also after one that is refused', async () => {
    await using cleanup = new AsyncDisposableStack()
    const nft = await open(cleanup)
    const [is, will] = [service(web, 'drop'), service(web, 'accept')]
    const asked = [[load], [add('services', is)], [deleteTable, deleteTable], [remove('services', is), add('services', will)]]
    const outcomes = await Promise.allSettled(asked.map((operations) => nft.transaction(operations)))
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected', 'fulfilled'])
    expect(await nft.elements(table, 'services')).toEqual([`${web} : accept`])
  })

  test('the canonical form of a text is what is listed after it was loaded', async () => {
    await using cleanup = new AsyncDisposableStack()
    const nft = await open(cleanup)
    const canonical = await nft.canonical(base)
    expect(await nft.listTable(table)).toBeUndefined()
    await nft.transaction([load])
    expect(await nft.listTable(table)).toBe(canonical)
    expect(canonical).toContain('elements = { 10.0.0.1 . 10.0.0.1 }')
  })

  test('a text without tables has an empty canonical form', async () => {
    await using cleanup = new AsyncDisposableStack()
    expect(await (await open(cleanup)).canonical('')).toBe('')
  })

  test.each([
    { name: 'an absent chain', text: `table inet ${table} {\n chain one { goto two; }\n}`, message: /No such file/ },
    { name: 'no table', text: 'nonsense', message: /syntax error/ },
  ])('there is no canonical form of a text with $name', async ({ text, message }) => {
    await using cleanup = new AsyncDisposableStack()
    const failure: unknown = await (await open(cleanup)).canonical(text).catch((error: unknown) => error)
    expect(failure).toBeInstanceOf(NftError)
    expect(String(failure)).toMatch(message)
  })
})

describe.each(implementations.filter(({ name }) => name !== 'fake'))('$name, in the kernel', ({ open }) => {
  test('lists elements of a map with timeouts without them', async () => {
    await using cleanup = new AsyncDisposableStack()
    const nft = await open(cleanup)
    const text = `table inet ${table} {\n map seen { typeof ip saddr : meta mark; flags timeout; }\n}`
    await nft.transaction([{ op: 'load', text }, add('seen', { key: '10.0.0.1 timeout 1h', value: '0x0000000a' })])
    expect(await nft.elements(table, 'seen')).toEqual(['10.0.0.1 : 0x0000000a'])
  })

  test('an error quotes the offending element, not the whole transaction', async () => {
    await using cleanup = new AsyncDisposableStack()
    const nft = await open(cleanup)
    const many = Array.from({ length: 200 }, (_, index) => service(`10.96.0.${index} . tcp . 80`, 'drop'))
    const failure = await nft.transaction([load, add('services', ...many, service('nonsense', 'drop'))]).catch(String)
    expect(failure).toContain('nonsense')
    expect(failure).not.toContain('10.96.0.7 ')
  })

  test('takes 60,000 elements and lists them', { timeout: 60_000 }, async () => {
    await using cleanup = new AsyncDisposableStack()
    const nft = await open(cleanup)
    const many = Array.from({ length: 60_000 }, (_, index) => ({
      key: `10.${index >> 16}.${(index >> 8) & 255}.${index & 255} . 10.108.100.100`,
    }))
    await nft.transaction([load, add('hairpin', ...many)])
    const listing = parseListing((await nft.listTable(table)) ?? '')
    expect(listing.elements.get('hairpin')?.size).toBe(60_001)
    expect(listing.elements.get('hairpin')?.has(many.at(-1)?.key ?? '')).toBe(true)
  })
})

test('the fake fails when it is told to, and changes nothing', async () => {
  const nft = new FakeNft()
  nft.failNext(new NftError('out of memory'))
  await expect(nft.transaction([load])).rejects.toThrow('out of memory')
  expect(await nft.listTable(table)).toBeUndefined()
  await nft.transaction([load])
  expect(nft.transactions).toHaveLength(1)
})

test('every operation has a case that takes it and one that is refused', () => {
  const taken = new Set(cases.flatMap(({ given = [] }) => given.flat()).map(({ op }) => op))
  const refused = new Set(cases.flatMap(({ refused: operations = [] }) => operations).map(({ op }) => op))
  const all = { load: true, 'delete-table': true, 'add-elements': true, 'delete-elements': true } satisfies Record<
    NftOperation['op'],
    true
  >
  expect([...taken].sort()).toEqual(Object.keys(all).sort())
  expect([...refused].sort()).toEqual(Object.keys(all).sort())
})
