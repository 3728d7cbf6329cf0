import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { passagesIn } from './passages.ts'
import { timedFlows } from './set-times.ts'
import { flowText, type Passage } from './sighting.ts'
import { traceEvents } from './trace-text.ts'

/** What nft 1.0.6 wrote on kernel 6.18, with the rules of the service proxy on a node of the test network. */
function recorded(name: string): string {
  return readFileSync(new URL(`recorded/${name}.txt`, import.meta.url), 'utf8')
}

function passages(text: string): readonly Passage[] {
  return passagesIn(traceEvents(text), 'portolan-trace-1')
}

function way({ direction, iif = 'here', oif = 'here', came, went, flags, end }: Passage): string {
  return `${direction} ${flags}: ${flowText(came)} by ${iif}; ${flowText(went)} ${end} by ${oif}`
}

test('a packet that is translated, and its answer, which is translated back', () => {
  const all = passages(recorded('hairpin'))
  expect(all.map(way)).toEqual([
    'original syn: 10.108.1.2:39729 → 10.96.0.10:80 by a4; 169.254.1.1:13741 → 10.108.1.2:8080 left by a4',
    'reply syn ack: 10.108.1.2:8080 → 169.254.1.1:13741 by a4; 10.96.0.10:80 → 10.108.1.2:39729 left by a4',
  ])
  expect(all[0]?.matches.map(({ table, chain, verdict }) => `${table} ${chain}: ${verdict}`)).toEqual([
    'portolan-proxy prerouting: goto by-code',
    'portolan-proxy by-code: goto pick-1',
    'portolan-proxy pick-1: accept',
    'portolan-proxy refuse-prerouting: continue',
    'portolan-proxy postrouting: accept',
  ])
  expect(all[0]?.matches[2]?.rule).toBe('meta l4proto { tcp, udp, sctp } dnat ip to meta priority . numgen random mod 1 map @slots-1')
})

test('a refusal is told of behind the reset that it makes', () => {
  const all = passages(recorded('refused'))
  expect(all.map(({ direction, flags, end }) => `${direction} ${flags} ${end}`)).toEqual(['original syn dropped', 'reply rst ack left'])
  expect(all[0]?.matches.at(-1)).toEqual({ table: 'portolan-proxy', chain: 'refuse', rule: 'meta l4proto tcp reject with tcp reset', verdict: 'drop' })
  expect(all[1]?.iif).toBeUndefined()
})

test('an id that is used again is another packet', () => {
  const text = recorded('hairpin')
  expect(passages(text + text)).toHaveLength(4)
})

test('what is not told to its end is lost so far, and a line that is not written to its end is none', () => {
  const lines = recorded('hairpin').split('\n')
  const half = `${lines.slice(0, 9).join('\n')}\n${lines[9]?.slice(0, 60)}`
  expect(passages(half)).toMatchObject([{ direction: 'original', end: 'lost' }])
  expect(traceEvents(half)).toHaveLength(9)
  expect(passages('')).toEqual([])
})

test('times are read as the kernel has them', () => {
  const listing = [
    'inet portolan-trace-1 @came',
    '\telement 03016c0a 0000f3b1 9279670a 00005000 514af01a 18ecd661  : 0 [end]',
    '\telement 02026c0a 0000901f 03016c0a 0000f3b1 514ea49a 18ecd661  : 0 [end]',
    'table inet portolan-trace-1 {',
    '\t\telements = { 10.108.1.3 . 45555 . 10.103.121.146 . 80 . "2026-11-30 13:41:04",',
  ].join('\n')
  const [first, second, ...rest] = timedFlows(listing)
  expect(rest).toEqual([])
  expect([first, second].map((flow) => flow && flowText(flow))).toEqual(['10.108.1.3:45555 → 10.103.121.146:80', '10.108.2.2:8080 → 10.108.1.3:45555'])
  expect(new Date(Number((first?.nanoseconds ?? 0n) / 1_000_000n)).toISOString()).toMatch(/^2026-11-30T13:41:04/)
  expect(Number((second?.nanoseconds ?? 0n) - (first?.nanoseconds ?? 0n))).toBe(0x514ea49a - 0x514af01a)
})
