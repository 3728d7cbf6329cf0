import type { NftElement } from '../../kernel/nft.ts'
import { classid, dropCode, maxEndpoints, pickCode, stickyCode } from './code.ts'
import type { Endpoint } from './endpoints.ts'
import type { AddressFamily } from './family.ts'
import type { ServicePort, Target } from './model.ts'
import type { OwnNode } from './own-node.ts'
import { contentOf, endpointsIn } from './pools.ts'
import { setsOf, type Affinity, type Scope, type Shape } from './shape.ts'

/** An element of one of the proxy's sets or maps, written as the kernel lists it. */
export interface Element extends NftElement {
  readonly set: string
  /** Whose chain the value names, or whose map the element is in: it must be made first. */
  readonly shape?: Shape
}

/**
 * What a Service claims of a set: one key, which it has alone. A claim may stand for several elements of the kernel that
 * go together; then its value says no more than which they are.
 */
export interface Claim extends Element {
  readonly group?: ElementGroup
}

/** Made only when they are asked for, because most are only asked for once, to be sent. */
export interface ElementGroup {
  readonly size: number
  elements(): readonly Element[]
}

/**
 * The number of the pool with these endpoints, the same for the same endpoints. Undefined if there is none left: then
 * there is no way to them. Asked once for each frontend.
 */
export type NumberOfPool = (content: string) => number | undefined

/**
 * Compiles service ports into the elements of the proxy's sets and maps, sorted by set and key, each key once.
 * Pure but for the numbers, and order-blind. If Services want the same key, the first by name has it.
 */
export function compileElements(ports: readonly ServicePort[], numberOf: NumberOfPool): readonly Element[] {
  return compileClaims(ports, numberOf).flatMap(elementsOf).sort(bySetThenKey)
}

/** The same, before claims are taken apart by `elementsOf`. */
export function compileClaims(ports: readonly ServicePort[], numberOf: NumberOfPool): readonly Claim[] {
  const claims = [...ports].sort(byServiceThenFrontend).flatMap((port) => claimsOf(port, numberOf))
  return claims
    .sort(bySetThenKey) // stable: the first Service stays first
    .filter((claim, index, sorted) => index === 0 || !sameKey(claim, sorted[index - 1]))
}

/** None of no claim. */
export function elementsOf(claim: Claim | undefined): readonly Element[] {
  return claim === undefined ? [] : (claim.group?.elements() ?? [claim])
}

/** What depends on the node of the proxy alone, sorted. */
export function compileNode(node: OwnNode | undefined, families: readonly AddressFamily[]): readonly Element[] {
  return families
    .flatMap((family) => {
      const ranges = (node?.podRanges ?? []).map((cidr) => family.range(cidr)).filter((range) => range !== undefined)
      return withoutNested(ranges, family).map((key) => ({ set: setsOf(family).ownPods, key }))
    })
    .sort(bySetThenKey)
}

export function bySetThenKey(a: Element, b: Element): number {
  return compare(a.set, b.set) || compare(a.key, b.key)
}

function claimsOf(port: ServicePort, numberOf: NumberOfPool): Claim[] {
  return [
    ...refusal(port),
    ...translation(port, { target: port, scope: 'everywhere' }, numberOf),
    ...(port.outside === undefined ? [] : translation(port, { target: port.outside, scope: 'outside' }, numberOf)),
    ...hiding(port),
    ...restriction(port),
  ]
}

/** A frontend that has an address of its own is refused with the address. */
function refusal(port: ServicePort): Element[] {
  const sets = setsOf(port.family)
  if (port.ownsAddress) return [{ set: sets.clusterIPs, key: port.address }]
  const isRefused = port.endpoints.length === 0 && port.otherwise === 'refuse'
  return isRefused ? [{ set: sets.refused, key: frontend(port) }] : []
}

function translation(
  port: ServicePort,
  { target, scope }: { target: Target; scope: Scope },
  numberOf: NumberOfPool,
): Claim[] {
  const { family, affinitySeconds } = port
  const sets = setsOf(family)
  const dispatch = { set: scope === 'outside' ? sets.outside : sets.services, key: frontend(port) }
  if (target.endpoints.length === 0) return target.otherwise === 'drop' ? [{ ...dispatch, value: dropCode }] : []
  // No pod of another node comes to this one to be led back to itself.
  const hairpins = target.endpoints.filter(({ isLocal }) => isLocal).map(({ address }) => hairpin(sets.hairpin, address))
  const ways =
    affinitySeconds === undefined
      ? pick(dispatch, { family, endpoints: target.endpoints }, numberOf)
      : sticky(dispatch, { family, endpoints: target.endpoints }, { seconds: affinitySeconds, scope })
  return [...ways, ...hairpins]
}

interface Dispatch {
  readonly set: string
  readonly key: string
}

interface Destinations {
  readonly family: AddressFamily
  readonly endpoints: readonly Endpoint[]
}

/** Whoever leads to the same endpoints leads to the same pool. */
function pick(dispatch: Dispatch, { family, endpoints }: Destinations, numberOf: NumberOfPool): Claim[] {
  const content = contentOf(endpoints.slice(0, maxEndpoints.pick).map(targetOf))
  const pool = numberOf(content)
  if (pool === undefined) return []
  const shape = { family, endpoints: Math.min(endpoints.length, maxEndpoints.pick) }
  const code = pickCode(pool, shape.endpoints)
  return [{ ...dispatch, value: code, shape }, slots(code, content, shape)]
}

/** One claim, because pools come and go as a whole. */
function slots(code: string, content: string, shape: Shape): Claim {
  const set = setsOf(shape.family).slots(shape.endpoints)
  const elements = () => endpointsIn(content).map((value, index) => ({ set, key: `${code} . ${index}`, value, shape }))
  return { set, key: code, value: content, shape, group: { size: shape.endpoints, elements } }
}

function sticky(dispatch: Dispatch, { family, endpoints }: Destinations, affinity: Affinity): Element[] {
  const targets = endpoints.slice(0, maxEndpoints.sticky).map(targetOf)
  const shape = { family, endpoints: targets.length, affinity }
  const { stickySlots, stickyEndpoints, stickyChoices } = setsOf(family).ofScope(affinity.scope)
  const set = stickySlots(targets.length)
  const ids = endpointIds(targets)
  return [
    { ...dispatch, value: stickyCode(targets.length, affinity), shape },
    ...targets.flatMap((value, index) => {
      const id = ids[index] ?? ''
      return [
        { set, key: `${dispatch.key} . ${index}`, value: id, shape },
        { set: stickyEndpoints, key: `${dispatch.key} . ${id}`, value },
        { set: stickyChoices, key: `${dispatch.key} . ${id}`, value },
      ]
    }),
  ]
}

function hiding(port: ServicePort): Element[] {
  return port.hidesClients ? [{ set: setsOf(port.family).masqueraded, key: frontend(port) }] : []
}

/** One claim, because ranges of different Services might overlap. */
function restriction(port: ServicePort): Claim[] {
  if (port.allowedSources === undefined) return []
  const { restricted, allowedSources } = setsOf(port.family)
  const key = frontend(port)
  const ranges = withoutNested(port.allowedSources, port.family).sort(compare)
  const elements = [{ set: restricted, key }, ...ranges.map((range) => ({ set: allowedSources, key: `${key} . ${range}` }))]
  const group = { size: elements.length, elements: () => elements }
  return [{ set: allowedSources, key, value: ranges.join(', '), group }]
}

/** The kernel refuses ranges that overlap. */
function withoutNested(ranges: readonly string[], family: AddressFamily): string[] {
  const distinct = [...new Set(ranges)]
  const isWithin = (inner: string, outer: string) =>
    inner !== outer && family.contains(outer, inner.split('/')[0] ?? '') && bitsOf(inner) > bitsOf(outer)
  return distinct.filter((range) => !distinct.some((other) => isWithin(range, other)))
}

/** A lone address is as narrow as can be. */
function bitsOf(range: string): number {
  return Number(range.split('/')[1] ?? Infinity)
}

function hairpin(set: string, address: string): Element {
  return { set, key: `${address} . ${address}` }
}

/**
 * A number for each endpoint by which remembered clients find it again: made of its address and port alone, so that it
 * stays the same while others come and go. Two endpoints of the same hash are told apart in the order of their names.
 */
function endpointIds(targets: readonly string[]): string[] {
  const taken = new Set([0, 0xffff_ffff]) // nft has words for these
  return targets.map((target) => {
    let id = fnv1a(target)
    while (taken.has(id)) id = (id + 1) >>> 0
    taken.add(id)
    return classid(id)
  })
}

/** FNV-1a, 32 bits. */
function fnv1a(text: string): number {
  let hash = 0x811c9dc5
  for (let index = 0; index < text.length; index += 1) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193)
  return hash >>> 0
}

function frontend({ address, protocol, port }: ServicePort): string {
  return `${address} . ${protocol} . ${port}`
}

function targetOf({ address, port }: Endpoint): string {
  return `${address} . ${port}`
}

function sameKey(a: Element, b: Element | undefined): boolean {
  return a.set === b?.set && a.key === b.key
}

function byServiceThenFrontend(a: ServicePort, b: ServicePort): number {
  return compare(a.service, b.service) || compare(frontend(a), frontend(b))
}

function compare(a: string, b: string): number {
  return a === b ? 0 : a < b ? -1 : 1
}
