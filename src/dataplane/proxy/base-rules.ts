import { familiesOf, type AddressFamily, type ServiceRange } from './family.ts'
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
 * - filter, behind the translation: what still goes to a service range has no endpoint, or a port that the service
 *   does not have. TCP is reset, UDP and SCTP are told that the port is unreachable, and all else, such as ping, is
 *   dropped. Addresses of the ranges that are bound on this node are not the proxy's to refuse. In prerouting rather
 *   than forward, so that the answer does not depend on a route to the range.
 */
export function baseRules(ranges: readonly ServiceRange[]): string {
  const families = familiesOf(ranges)
  const translate = families.map(({ header, suffix }) => `${target(header)} vmap @services${suffix}`)
  const refuse = ranges.map(
    ({ family: { header }, cidr }) => `${header} daddr ${cidr} fib daddr type != local goto refuse`,
  )
  return table([
    ...families.flatMap(baseSets),
    block('chain prerouting', ['type nat hook prerouting priority dstnat; policy accept;', ...translate]),
    block('chain output', ['type nat hook output priority -100; policy accept;', ...translate]),
    block('chain postrouting', [
      'type nat hook postrouting priority srcnat; policy accept;',
      ...families.map(({ header, suffix }) => `ct status dnat ${header} saddr . ${header} daddr @hairpin${suffix} masquerade`),
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

function baseSets(family: AddressFamily): string[] {
  const { services, hairpin, affinity, stickyEndpoints } = setsOf(family)
  const { header } = family
  return [
    block(`map ${services}`, [`typeof ${target(header)} : verdict`]),
    block(`set ${hairpin}`, [`typeof ${header} saddr . ${header} daddr`]),
    block(`map ${affinity}`, [
      `typeof ${client(header)} : meta mark`,
      `size ${affinityClients}`,
      'flags dynamic,timeout',
    ]),
    block(`map ${stickyEndpoints}`, [`typeof ${target(header)} . meta mark : ${endpoint(header)}`]),
  ]
}

function pickRules({ family, endpoints, ...rest }: Shape): string[] {
  const { header } = family
  const slots = setsOf(family).slots(endpoints)
  const key = `${target(header)} . numgen random mod ${endpoints}`
  return [
    block(`map ${slots}`, [`typeof ${key} : ${endpoint(header)}`]),
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

function endpoint(header: string): string {
  return `${header} daddr . th dport`
}

function table(blocks: readonly string[]): string {
  return `table inet ${tableName} {\n${blocks.join('')}}\n`
}

function block(heading: string, lines: readonly string[]): string {
  return `\t${heading} {\n${lines.map((line) => `\t\t${line}\n`).join('')}\t}\n`
}
