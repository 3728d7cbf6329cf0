import { formatRange, type AddressRange } from '../../base/ip.ts'
import { bucketCount } from './buckets.ts'

/** The one table of the load balancer, family `inet`. */
export const tableName = 'portolan-load-balancer'

export const sets = {
  /** address . protocol . port → group */
  frontends: 'frontends',
  /** group . bucket → node */
  buckets: 'buckets',
  /** group . node */
  members: 'members',
} as const

/** In the number of a group: its clients are led by their address alone. */
export const byClientBit = 0x1_0000

const target = 'ip daddr . meta l4proto . th dport'

/** The hash has a seed of its own, or the kernel would draw another one with each load, and move clients. */
const seed = '0x706f7274'

/**
 * The whole table but for its elements. A load balancer translates nothing: it chooses a node for each connection, marks
 * packets with it, and a rule for each mark routes them there (`node-paths.ts`), where the service proxy knows the
 * address. A connection's mark is kept by connection tracking.
 *
 * - Once a connection has been answered it stays with its node; and so does what is told about it by ICMP.
 * - Until then, and over UDP always, it stays as long as its node is a member of the group. So a client that tries
 *   again meets another node if its first one has died.
 * - Else it gets the node of its bucket. That comes of a hash, and not of chance, so that it is led to the same node
 *   again even if the kernel has forgotten it.
 * - What nodes send to a frontend they ought to translate themselves. They send it back until they know it: it would go
 *   round in circles.
 * - All other addresses and ports of the pool are refused, TCP by a reset, UDP and SCTP by ICMP; ping is not answered.
 */
export function baseRules({ pool, nodesDevice }: { pool: AddressRange; nodesDevice: string }): string {
  const goOn = 'meta mark set ct mark accept'
  const choose = (hashed: string) =>
    `meta mark set meta mark . jhash ${hashed} mod ${bucketCount} seed ${seed} map @${sets.buckets} ct mark set meta mark accept`
  return [
    `table inet ${tableName} {\n`,
    block('set pool', ['type ipv4_addr', 'flags interval', `elements = { ${formatRange(pool)} }`]),
    block(`map ${sets.frontends}`, ['type ipv4_addr . inet_proto . inet_service : mark']),
    // Of a random number, because nft 1.0.6 crashes when it lists a map that is declared with `jhash`.
    block(`map ${sets.buckets}`, [`typeof meta mark . numgen random mod ${bucketCount} : meta mark`]),
    block(`set ${sets.members}`, ['type mark . mark']),
    block('chain refuse', [
      'meta l4proto tcp reject with tcp reset',
      'meta l4proto { udp, sctp } reject with icmpx port-unreachable',
      'drop',
    ]),
    block('chain choose', [
      `meta mark . ct mark @${sets.members} ${goOn}`,
      `meta mark & ${byClientBit} == 0 ${choose('ip saddr . th sport')}`,
      `meta mark & ${byClientBit} != 0 ${choose('ip saddr')}`,
      'goto refuse',
    ]),
    block('chain balance', [
      `iifname "${nodesDevice}" meta mark set ${target} map @${sets.frontends} drop`,
      `ct state related ${goOn}`,
      `ct state established ct mark != 0 meta l4proto { tcp, sctp } ${goOn}`,
      `meta mark set ${target} map @${sets.frontends} goto choose`,
      'goto refuse',
    ]),
    block('chain prerouting', ['type filter hook prerouting priority mangle; policy accept;', 'ip daddr @pool goto balance']),
    block('chain output', ['type route hook output priority mangle; policy accept;', 'ip daddr @pool goto balance']),
    '}\n',
  ].join('')
}

function block(heading: string, lines: readonly string[]): string {
  return `\t${heading} {\n${lines.map((line) => `\t\t${line}\n`).join('')}\t}\n`
}
