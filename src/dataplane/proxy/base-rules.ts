import type { AddressFamily } from './family.ts'
import { chainOf, setsOf, type Shape } from './shape.ts'

/** The one table of the proxy, family `inet`. */
export const tableName = 'portolan-proxy'

/** Clients that are remembered at once, in all; beyond it new clients are spread anew with each connection. */
const affinityClients = 65_536

/**
 * The table with everything that does not depend on which services there are.
 *
 * - nat, prerouting and output: the first packet of a connection is looked up once in `services`; a chain chosen by
 *   the number of endpoints translates it. What is not found goes on as it is.
 * - nat, postrouting: a pod that was led back to itself must see another source, or it would answer itself directly.
 *   All other sources stay what they are.
 * - filter, behind the translation: what still goes to a cluster IP found no endpoint, or asks for a port that the
 *   service does not have. TCP is reset, UDP and SCTP are told that the port is unreachable, and all else, such as
 *   ping, is dropped. Addresses that are bound on this node are left to whoever bound them. In prerouting rather than
 *   forward, so that the answer does not depend on a route.
 */
export function baseRules(families: readonly AddressFamily[]): string {
  const translate = families.map(({ header, suffix }) => `${target(header)} vmap @services${suffix}`)
  const refuse = families.map(
    ({ header, suffix }) => `ct state new ${header} daddr @cluster-ips${suffix} fib daddr type != local goto refuse`,
  )
  return table([
    ...families.flatMap(baseSets),
    block('chain prerouting', ['type nat hook prerouting priority dstnat; policy accept;', ...translate]),
    block('chain output', ['type nat hook output priority -100; policy accept;', ...translate]),
    block('chain postrouting', [
      'type nat hook postrouting priority srcnat; policy accept;',
      ...families.map(({ header, suffix }) => {
        return `ct status dnat ${header} saddr . ${header} daddr @hairpin${suffix} masquerade`
      }),
    ]),
    block('chain refuse', [
      'meta l4proto tcp reject with tcp reset',
      'meta l4proto { udp, sctp } reject with icmpx port-unreachable',
      'drop',
    ]),
    block('chain refuse-prerouting', ['type filter hook prerouting priority dstnat + 10; policy accept;', ...refuse]),
    block('chain refuse-output', ['type filter hook output priority filter; policy accept;', ...refuse]),
  ])
}

/** The chain of a shape with its map, as an addition to the table. Loaded twice, its rules would be there twice. */
export function shapeRules(shape: Shape): string {
  return table(shape.affinitySeconds === undefined ? pickRules(shape) : stickyRules(shape, shape.affinitySeconds))
}

/**
 * Declared by `type`: with `typeof … : ip daddr . th dport` nft 1.0.6 refuses ("conflicting protocols specified: ip vs.
 * th") every later rule that looks into the map.
 */
function baseSets(family: AddressFamily): string[] {
  const { services, clusterIPs, hairpin, affinity, stickyEndpoints } = setsOf(family)
  const { type } = family
  const targetType = `${type} . inet_proto . inet_service`
  return [
    block(`map ${services}`, [`type ${targetType} : verdict`]),
    block(`set ${clusterIPs}`, [`type ${type}`]),
    block(`set ${hairpin}`, [`type ${type} . ${type}`]),
    block(`map ${affinity}`, [
      `type ${type} . ${targetType} : mark`,
      `size ${affinityClients}`,
      'flags dynamic,timeout',
    ]),
    block(`map ${stickyEndpoints}`, [`type ${targetType} . mark : ${type} . inet_service`]),
  ]
}

function pickRules({ family, endpoints, ...rest }: Shape): string[] {
  const { header } = family
  const slots = setsOf(family).slots(endpoints)
  const key = `${target(header)} . numgen random mod ${endpoints}`
  return [
    block(`map ${slots}`, [`typeof ${key} : ${header} daddr . th dport`]), // no type name stands for a random number
    block(`chain ${chainOf({ family, endpoints, ...rest })}`, [`dnat ${header} addr . port to ${key} map @${slots}`]),
  ]
}

/**
 * A client that is known goes to its endpoint again, and its time starts anew. If it is not known, or its endpoint has
 * left (the first `dnat` finds nothing), it gets another: `update` would keep the old id, hence the `delete`.
 */
function stickyRules(shape: Shape, seconds: number): string[] {
  const { header } = shape.family
  const { affinity, stickyEndpoints, stickySlots } = setsOf(shape.family)
  const slots = stickySlots(shape.endpoints)
  const key = `${target(header)} . numgen random mod ${shape.endpoints}`
  const remember = `update @${affinity} { ${client(header)} timeout ${seconds}s : meta mark }`
  const translate = `dnat ${header} addr . port to ${target(header)} . meta mark map @${stickyEndpoints}`
  return [
    block(`map ${slots}`, [`typeof ${key} : meta mark`]),
    block(`chain ${chainOf(shape)}`, [
      `meta mark set ${client(header)} map @${affinity} ${remember}`,
      translate,
      `delete @${affinity} { ${client(header)} : meta mark }`,
      `meta mark set ${key} map @${slots}`,
      remember,
      translate,
    ]),
  ]
}

function target(header: string): string {
  return `${header} daddr . meta l4proto . th dport`
}

function client(header: string): string {
  return `${header} saddr . ${target(header)}`
}

function table(blocks: readonly string[]): string {
  return `table inet ${tableName} {\n${blocks.join('')}}\n`
}

function block(heading: string, lines: readonly string[]): string {
  return `\t${heading} {\n${lines.map((line) => `\t\t${line}\n`).join('')}\t}\n`
}
