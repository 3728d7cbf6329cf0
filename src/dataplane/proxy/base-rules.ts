import { familiesOf, type AddressFamily, type ClusterRange } from './family.ts'
import { pickMask } from './code.ts'
import { chainOf, setsOf, type Affinity, type Shape } from './shape.ts'

/** The one table of the proxy, family `inet`. */
export const tableName = 'portolan-proxy'

/** Clients that are remembered at once, in all; beyond it new clients are spread anew with each connection. */
const affinityClients = 65_536

/**
 * The table with everything that does not depend on which services there are.
 *
 * - nat, prerouting and output: the first packet of a connection is looked up in `services`, which says a code, and
 *   the chain that the code is for translates it. Before that, clients from outside of the node are looked up in
 *   `outside`, and those that a service does not want are dropped. What is not found goes on as it is.
 * - nat, postrouting: see `masquerades`.
 * - filter, first and last of all: see `loopbackGuards`.
 * - filter, behind the translation: what is still untranslated has no endpoint, or asks for a port that a cluster IP
 *   does not have. TCP is reset, UDP and SCTP are told that the port is unreachable, and all else, such as ping, is
 *   dropped. Addresses that are bound on this node are left to whoever bound them. In prerouting rather than forward,
 *   so that the answer does not depend on a route; and not in the nat chains, where a rejection sends no answer.
 *
 * Between one lookup and the next, what was found is kept as the packet's priority: a register that decides nothing
 * before a packet leaves the machine, and that the kernel sets anew in those that it forwards. A mark would decide of
 * routes, and others have their own uses for it.
 */
export function baseRules(ranges: readonly ClusterRange[]): string {
  const families = familiesOf(ranges)
  const behind = ['ct state != new accept', 'ct status & dnat != 0 meta priority set none', ...families.flatMap(refusals)]
  return table([
    ...families.flatMap(baseSets),
    block('chain refuse', [
      'meta l4proto tcp reject with tcp reset',
      'meta l4proto { udp, sctp } reject with icmpx port-unreachable',
      'drop',
    ]),
    ...families.map(byCode),
    block('chain prerouting', [
      'type nat hook prerouting priority dstnat; policy accept;',
      ...families.flatMap((family) => [restriction(family), outsideDispatch(family), dispatch(family)]),
    ]),
    block('chain output', [
      'type nat hook output priority -100; policy accept;',
      ...families.flatMap((family) => [restriction(family), dispatch(family)]),
    ]),
    block('chain postrouting', [
      'type nat hook postrouting priority srcnat; policy accept;',
      'ct status & dnat == 0 accept',
      ...ranges.flatMap(masquerades),
    ]),
    block('chain refuse-prerouting', ['type filter hook prerouting priority dstnat + 10; policy accept;', ...behind]),
    block('chain refuse-output', ['type filter hook output priority filter; policy accept;', ...behind]),
    ...loopbackGuards(families),
  ])
}

/**
 * Node ports are answered at the loopback address, too, for which the kernel must be told to route it
 * (`route_localnet`). What it refuses otherwise is refused here: packets to and from loopback addresses that come in by
 * any other device, before they are tracked, and those that would leave with such a source, behind the translation.
 */
function loopbackGuards(families: readonly AddressFamily[]): string[] {
  const guarded = families.flatMap(({ header, loopback }) => (loopback === undefined ? [] : [{ header, range: loopback.range }]))
  return [
    block('chain loopback-coming', [
      'type filter hook prerouting priority raw; policy accept;',
      ...guarded.flatMap(({ header, range }) => ['saddr', 'daddr'].map((end) => `iif != lo ${header} ${end} ${range} drop`)),
    ]),
    block('chain loopback-leaving', [
      'type filter hook postrouting priority srcnat + 10; policy accept;',
      ...guarded.map(({ header, range }) => `oif != lo ${header} saddr ${range} drop`),
    ]),
  ]
}

function dispatch(family: AddressFamily): string {
  return `meta priority set ${target(family.header)} map @${setsOf(family).services} goto ${byCodeOf(family)}`
}

/** For those who do not come from a pod of this node. The node itself is not asked: its own packets come by output. */
function outsideDispatch(family: AddressFamily): string {
  const { ownPods, outside } = setsOf(family)
  const found = `meta priority set ${target(family.header)} map @${outside} goto ${byCodeOf(family)}`
  return `${family.header} saddr != @${ownPods} ${found}`
}

/** Leads to the chain that a code is for. */
function byCode(family: AddressFamily): string {
  const { picks, stickies } = setsOf(family)
  return block(`chain ${byCodeOf(family)}`, [
    `meta priority and ${pickMask} vmap @${picks}`,
    `meta priority vmap @${stickies}`,
  ])
}

function byCodeOf({ suffix }: AddressFamily): string {
  return `by-code${suffix}`
}

function restriction(family: AddressFamily): string {
  const { header } = family
  const { restricted, allowedSources } = setsOf(family)
  return `${target(header)} @${restricted} ${target(header)} . ${header} saddr != @${allowedSources} drop`
}

function refusals(family: AddressFamily): string[] {
  const { header } = family
  const { clusterIPs, refused } = setsOf(family)
  return [
    `${header} daddr @${clusterIPs} fib daddr type != local goto refuse`,
    `${target(header)} @${refused} goto refuse`,
  ]
}

/**
 * Sources stay what they are, but where the reply would not come back through this node: a pod that was led back to
 * itself, a frontend whose endpoints may be on other nodes, a client from outside that uses a cluster IP. The port that
 * a client named is only typed (nft 1.0.6) behind a match of the protocol, hence a rule for each.
 */
function masquerades({ family, pods }: ClusterRange): string[] {
  const { header } = family
  const { hairpin, masqueraded, clusterIPs } = setsOf(family)
  const original = `ct original ${header} daddr`
  return [
    `${header} saddr . ${header} daddr @${hairpin} masquerade fully-random`,
    ...['tcp', 'udp', 'sctp'].map((protocol) => {
      const frontend = `${original} . meta l4proto . ct original proto-dst`
      return `meta l4proto ${protocol} ${frontend} @${masqueraded} masquerade fully-random`
    }),
    ...(pods === undefined
      ? []
      : [`${original} @${clusterIPs} ${header} saddr != ${pods} fib saddr type != local masquerade fully-random`]),
  ]
}

/** The chain of a shape with its map, as an addition to the table. Loaded twice, its rules would be there twice. */
export function shapeRules(shape: Shape): string {
  return table(shape.affinity === undefined ? pickRules(shape) : stickyRules(shape, shape.affinity))
}

/**
 * Declared by `type`: with `typeof … : ip daddr . th dport` nft 1.0.6 refuses ("conflicting protocols specified: ip vs.
 * th") every later rule that looks into the map.
 */
function baseSets(family: AddressFamily): string[] {
  const sets = setsOf(family)
  const { type } = family
  const targetType = `${type} . inet_proto . inet_service`
  return [
    block(`map ${sets.services}`, [`type ${targetType} : classid`]),
    block(`map ${sets.outside}`, [`type ${targetType} : classid`]),
    block(`map ${sets.picks}`, ['type classid : verdict']),
    block(`map ${sets.stickies}`, ['type classid : verdict']),
    block(`set ${sets.ownPods}`, [`type ${type}`, 'flags interval']),
    block(`set ${sets.refused}`, [`type ${targetType}`]),
    block(`set ${sets.clusterIPs}`, [`type ${type}`]),
    block(`set ${sets.hairpin}`, [`type ${type} . ${type}`]),
    block(`set ${sets.masqueraded}`, [`type ${targetType}`]),
    block(`set ${sets.restricted}`, [`type ${targetType}`]),
    block(`set ${sets.allowedSources}`, [`type ${targetType} . ${type}`, 'flags interval']),
    block(`map ${sets.affinity}`, [
      `type ${type} . ${targetType} : classid`,
      `size ${affinityClients}`,
      'flags dynamic,timeout',
    ]),
    ...(['everywhere', 'outside'] as const).flatMap((scope) => {
      const { stickyEndpoints, stickyChoices } = sets.ofScope(scope)
      return [stickyEndpoints, stickyChoices].map((map) =>
        block(`map ${map}`, [`type ${targetType} . classid : ${type} . inet_service`]),
      )
    }),
  ]
}

/** nft wants to know that there is a port before it takes one from a map. */
function pickRules(shape: Shape): string[] {
  const { header } = shape.family
  const slots = setsOf(shape.family).slots(shape.endpoints)
  const key = `meta priority . numgen random mod ${shape.endpoints}`
  return [
    block(`map ${slots}`, [`typeof ${key} : ${header} daddr . th dport`]), // no type name stands for a random number
    block(`chain ${chainOf(shape)}`, [`meta l4proto { tcp, udp, sctp } dnat ${header} addr . port to ${key} map @${slots}`]),
  ]
}

/**
 * A client that is known goes to its endpoint again, and its time starts anew. If it is not known, or its endpoint has
 * left (the first `dnat` finds nothing), it gets another: `update` would keep the old id, hence the `delete`.
 */
function stickyRules(shape: Shape, { seconds, scope }: Affinity): string[] {
  const { header } = shape.family
  const { affinity, ofScope } = setsOf(shape.family)
  const { stickyEndpoints, stickyChoices, stickySlots } = ofScope(scope)
  const slots = stickySlots(shape.endpoints)
  const key = `${target(header)} . numgen random mod ${shape.endpoints}`
  const remember = `update @${affinity} { ${client(header)} timeout ${seconds}s : meta priority }`
  const translate = (map: string) => `dnat ${header} addr . port to ${target(header)} . meta priority map @${map}`
  return [
    block(`map ${slots}`, [`typeof ${key} : meta priority`]),
    block(`chain ${chainOf(shape)}`, [
      `meta priority set ${client(header)} map @${affinity} ${remember}`,
      translate(stickyEndpoints),
      `delete @${affinity} { ${client(header)} : meta priority }`,
      `meta priority set ${key} map @${slots}`,
      remember,
      translate(stickyChoices),
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
