import { expect, test } from 'vitest'
import { nftCommand } from './nft-command.ts'
import { FakeNft } from './nft-fake.ts'
import { elementTexts, parseListing } from './nft-table-listing.ts'
import { realProcesses } from './real-processes.ts'

const nft = nftCommand({ processes: realProcesses })

/** As nft prints a table with this in it. */
async function listed(content: string): Promise<string> {
  return nft.canonical(`table inet trial {\n${content}\n}`)
}

for (const { name, content, skeleton, elements } of [
  {
    name: 'a concatenation',
    content: 'set s { type ipv4_addr . inet_service; elements = { 10.0.0.3 . 80, 10.0.0.1 . 80, 10.0.0.2 . 8080 } }',
    skeleton: { 'set s': 'type ipv4_addr . inet_service' },
    elements: [['10.0.0.1 . 80'], ['10.0.0.2 . 8080'], ['10.0.0.3 . 80']],
  },
  {
    name: 'plain addresses, of which several are on a line',
    content: `set s { type ipv4_addr; elements = { ${[1, 2, 3, 4, 5].map((last) => `10.0.0.${last}`).join(', ')} } }`,
    skeleton: { 'set s': 'type ipv4_addr' },
    elements: [['10.0.0.1'], ['10.0.0.2'], ['10.0.0.3'], ['10.0.0.4'], ['10.0.0.5']],
  },
  { name: 'an empty set', content: 'set s { type mark; }', skeleton: { 'set s': 'type mark' }, elements: [] },
  {
    name: 'intervals',
    content: `set s { type ipv4_addr . inet_proto . inet_service . ipv4_addr; flags interval
      elements = { 1.2.3.4 . tcp . 80 . 10.0.0.0/8, 1.2.3.4 . udp . 80 . 11.1.0.1-11.1.0.7 } }`,
    skeleton: { 'set s': 'type ipv4_addr . inet_proto . inet_service . ipv4_addr\nflags interval' },
    elements: [['1.2.3.4 . tcp . 80 . 10.0.0.0/8'], ['1.2.3.4 . udp . 80 . 11.1.0.1-11.1.0.7']],
  },
  {
    name: 'IPv6',
    content: 'map s { type ipv6_addr . inet_service : ipv6_addr; elements = { fd00::1 . 80 : ::1, ::2 . 53 : fd00::2 } }',
    skeleton: { 'map s': 'type ipv6_addr . inet_service : ipv6_addr' },
    elements: [
      ['::2 . 53', 'fd00::2'],
      ['fd00::1 . 80', '::1'],
    ],
  },
  {
    name: 'verdicts, and rules with anonymous sets',
    content: `map s { type inet_service : verdict; elements = { 80 : goto pick-3, 81 : drop } }
      chain pick-3 { ip saddr { 1.1.1.1, 2.2.2.2 } tcp dport vmap { 80 : drop, 81 : accept }; }
      chain entry { type filter hook input priority 0; policy accept; log prefix "a } { b" ; }`,
    skeleton: {
      'map s': 'type inet_service : verdict',
      'chain pick-3': 'ip saddr { 1.1.1.1, 2.2.2.2 } tcp dport vmap { 80 : drop, 81 : accept }',
      'chain entry': 'type filter hook input priority filter; policy accept;\nlog prefix "a } { b"',
    },
    elements: [
      ['80', 'goto pick-3'],
      ['81', 'drop'],
    ],
  },
  {
    name: 'marks, of which nft writes the digits',
    content: 'map s { type mark : mark; elements = { 1 : 10 } }',
    skeleton: { 'map s': 'type mark : mark' },
    elements: [['0x00000001', '0x0000000a']],
  },
  {
    name: 'timeouts',
    content: `map s { type ipv4_addr : mark; size 100; flags dynamic,timeout; timeout 3h
      elements = { 10.0.0.1 timeout 1h : 1, 10.0.0.2 : 2 } }`,
    skeleton: { 'map s': 'type ipv4_addr : mark\nsize 100\nflags dynamic,timeout\ntimeout 3h' },
    elements: [
      ['10.0.0.1', '0x00000001'],
      ['10.0.0.2', '0x00000002'],
    ],
  },
  {
    name: 'comments',
    content: 'map s { type ipv4_addr : mark; elements = { 10.0.0.1 comment "a, b }" : 1, 10.0.0.2 : 2 } }',
    skeleton: { 'map s': 'type ipv4_addr : mark' },
    elements: [
      ['10.0.0.1 comment "a, b }"', '0x00000001'],
      ['10.0.0.2', '0x00000002'],
    ],
  },
  {
    name: 'statements of the table, and other objects',
    content: 'flags dormant; counter hits { }',
    skeleton: { table: 'flags dormant', 'counter hits': 'packets 0 bytes 0' },
    elements: undefined,
  },
] as const) {
  test(`takes apart ${name}`, async () => {
    const listing = parseListing(await listed(content))
    expect(Object.fromEntries(listing.skeleton)).toEqual(skeleton)
    const held = listing.elements.get('s')
    expect(held && [...held].sort()).toEqual(elements?.map(([key, value]) => [key, value]))
  })
}

test('elements that expire are offered with what is left of their time', async () => {
  const content = `set forever { type ipv4_addr; elements = { 10.0.0.1 } }
    set own { type ipv4_addr . inet_service; flags timeout; elements = { 10.0.0.1 . 80 timeout 90m, 10.0.0.2 . 80 } }
    map shared { type ipv4_addr : mark; timeout 3h; elements = { 10.0.0.1 expires 1h : 1, 10.0.0.2 timeout 1d : 2 } }`
  const { timed } = parseListing(await listed(content))
  expect(Object.fromEntries(timed)).toEqual({
    own: [{ key: '10.0.0.1 . 80', timeout: '1h30m', expires: expect.stringMatching(/^1h30m$|^1h29m/) }],
    shared: expect.arrayContaining([
      { key: '10.0.0.1', value: '0x00000001', expires: expect.stringMatching(/^1h$|^59m/) },
      { key: '10.0.0.2', value: '0x00000002', timeout: '1d', expires: expect.stringMatching(/^1d$|^23h59m/) },
    ]),
  })
})

test('the number of elements that later versions of nft list is no part of a declaration', () => {
  const lines = ['table inet trial {', '\tset s {', '\t\ttype ipv4_addr', '\t\tsize 2\t# count 1', '\t}', '}', '']
  expect(parseListing(lines.join('\n')).skeleton.get('set s')).toBe('type ipv4_addr\nsize 2')
})

test("the fake's listings are taken apart as the kernel's are", async () => {
  const text = `table inet trial {
    map services { type ipv4_addr . inet_service : verdict; elements = { 10.96.0.10 . 80 : goto pick-2 } }
    set hairpin { type ipv4_addr; }
    chain pick-2 { ip saddr @hairpin drop; }
  }`
  const kernel = parseListing(await nft.canonical(text))
  expect(kernel.skeleton.size).toBe(3)
  expect(parseListing(await new FakeNft().canonical(text))).toEqual(kernel)
})

test('the elements of a set as text, sorted', async () => {
  const listing = parseListing(await listed('map s { type inet_service : mark; elements = { 90 : 1, 100 : 2 } }'))
  expect(elementTexts(listing, 's')).toEqual(['100 : 0x00000002', '90 : 0x00000001'])
  expect(elementTexts(listing, 'absent')).toEqual([])
})
