import type { SocketAddress } from '../../kernel/conntrack.ts'

/** The connection as its client makes it. */
export interface Connection {
  readonly protocol: 'tcp' | 'udp'
  readonly source: SocketAddress
  readonly destination: SocketAddress
}

/** Chains in which packets are met first and last, by which the kernel's words about them are told apart. */
export const chains = { original: 'original', reply: 'reply', left: 'last-postrouting', delivered: 'last-input' } as const

/** Sets with the times at which packets came in and went. */
export const timedSets = { came: 'came', went: 'went' } as const

/** Room for packets; more of one trace are not told of. */
const size = 1_024

/** `IP_DF` of the two bytes with the flags and the offset of fragments. */
const unfragmented = 'ip frag-off & 0x4000 != 0'
const tuple = 'ip saddr . th sport . ip daddr . th dport'
const tupleType = 'ipv4_addr . inet_service . ipv4_addr . inet_service'
const original = 'ct original ip saddr . ct original proto-src . ct original ip daddr . ct original proto-dst'

/**
 * A table that has the kernel tell of the packets that make one connection, in one line for `nft -i`. It decides
 * nothing. The kernel removes it with the process that loaded it (`flags owner`).
 *
 * - The client's first packet is known by its ends. Where those have been translated before, it is known by its
 *   identification, which the first namespace on the way sets: it means nothing in packets that must not be fragmented
 *   (RFC 6864, section 4).
 * - What answers is known by connection tracking, behind which it is looked for: by the ends that the client's packet
 *   came with.
 *
 * Connections of a relay are told of as well: those that it begins, at its own address.
 *
 * Of TCP only packets with SYN or RST are told of: what comes after takes the same way.
 */
export function watchTable(name: string, identification: number, { protocol, source, destination }: Connection, relayAddress?: string): string {
  const begins = protocol === 'tcp' ? 'tcp flags & (fin|syn|rst|ack) == syn' : 'meta l4proto udp'
  const answers = protocol === 'tcp' ? 'tcp flags & (syn|rst) != 0' : 'meta l4proto udp'
  const ends = `ip saddr ${source.address} ${protocol} sport ${source.port} ip daddr ${destination.address} ${protocol} dport ${destination.port}`
  const isOriginal = `${begins} ip id ${identification} ${unfragmented}`
  const relayed = relayAddress === undefined ? [] : [`${begins} ip saddr ${relayAddress} goto ${chains.original}`]
  const isReply = `meta l4proto ${protocol} ${answers} ct direction reply ${original} @followed`
  const time = (set: string) => `add @${set} { ${tuple} . meta time }`
  return block(`table inet ${name}`, [
    'flags owner',
    block('set followed', [`type ${tupleType}`, 'flags dynamic', `size ${size}`]),
    ...Object.values(timedSets).map((set) => block(`set ${set}`, [`typeof ${tuple} . meta time`, 'flags dynamic', `size ${size}`])),
    block(`chain ${chains.original}`, [
      `meta l4proto ${protocol} add @followed { ${tuple} } ${time(timedSets.came)} meta nftrace set 1`,
      `${unfragmented} ip id set ${identification}`,
    ]),
    block(`chain ${chains.reply}`, [`${isReply} ${time(timedSets.came)} meta nftrace set 1`]),
    block('chain going', [isOriginal, isReply].map((match) => `${match} ${time(timedSets.went)}`)),
    ...['prerouting', 'output'].flatMap((hook) => [
      block(`chain first-${hook}`, [
        `type filter hook ${hook} priority -350`,
        `${begins} ${ends} goto ${chains.original}`,
        `${isOriginal} goto ${chains.original}`,
        ...relayed,
      ]),
      block(`chain tracked-${hook}`, [`type filter hook ${hook} priority -190`, `jump ${chains.reply}`]),
    ]),
    block(`chain ${chains.left}`, ['type filter hook postrouting priority 400', 'jump going']),
    block(`chain ${chains.delivered}`, ['type filter hook input priority 400', 'jump going']),
  ])
}

function block(heading: string, statements: readonly string[]): string {
  return `${heading} { ${statements.map((statement) => `${statement};`).join(' ')} }`
}
