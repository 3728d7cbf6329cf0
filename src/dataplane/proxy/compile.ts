import type { NftElement } from '../../kernel/nft.ts'
import type { AddressFamily } from './family.ts'
import type { ServicePort } from './model.ts'
import type { OwnNode } from './own-node.ts'
import { setsOf, type Shape } from './shape.ts'
import { frontend, translation, type NumberOfPool } from './translation.ts'

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

function sameKey(a: Element, b: Element | undefined): boolean {
  return a.set === b?.set && a.key === b.key
}

function byServiceThenFrontend(a: ServicePort, b: ServicePort): number {
  return compare(a.service, b.service) || compare(frontend(a), frontend(b))
}

function compare(a: string, b: string): number {
  return a === b ? 0 : a < b ? -1 : 1
}
