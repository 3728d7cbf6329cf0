import type { NftElement } from '../../kernel/nft.ts'
import type { Endpoint, ServicePort } from './model.ts'
import { chainOf, setsOf, type Shape } from './shape.ts'

/** An element of one of the proxy's sets or maps, written as the kernel lists it. */
export interface Element extends NftElement {
  readonly set: string
  /** Whose chain the value names, or whose map the element is in: it must be made first. */
  readonly shape?: Shape
}

/**
 * Compiles service ports into the elements of the proxy's sets and maps, sorted by set and key, each key once.
 * Pure and order-blind. If Services want the same key, the first by name has it.
 */
export function compileElements(ports: readonly ServicePort[]): readonly Element[] {
  const elements = [...ports].sort(byServiceThenFrontend).flatMap(elementsOf)
  return elements
    .sort(bySetThenKey) // stable: the first Service stays first
    .filter((element, index, sorted) => index === 0 || !sameKey(element, sorted[index - 1]))
}

export function bySetThenKey(a: Element, b: Element): number {
  return compare(a.set, b.set) || compare(a.key, b.key)
}

function elementsOf(port: ServicePort): Element[] {
  return [...refusal(port), ...translation(port)]
}

function refusal({ family, address, ownsAddress }: ServicePort): Element[] {
  return ownsAddress ? [{ set: setsOf(family).clusterIPs, key: address }] : []
}

function translation(port: ServicePort): Element[] {
  const { family, endpoints, affinitySeconds } = port
  if (endpoints.length === 0) return []
  const shape = { family, endpoints: endpoints.length, ...(affinitySeconds === undefined ? {} : { affinitySeconds }) }
  const sets = setsOf(family)
  return [
    { set: sets.services, key: frontend(port), value: `goto ${chainOf(shape)}`, shape },
    // No pod of another node comes to this one to be led back to itself.
    ...endpoints.filter(({ isLocal }) => isLocal).map(({ address }) => hairpin(sets.hairpin, address)),
    ...(affinitySeconds === undefined ? slots(port, shape) : stickySlots(port, shape)),
  ]
}

function hairpin(set: string, address: string): Element {
  return { set, key: `${address} . ${address}` }
}

function slots(port: ServicePort, shape: Shape): Element[] {
  const set = setsOf(port.family).slots(shape.endpoints)
  return port.endpoints.map((endpoint, index) => {
    return { set, key: `${frontend(port)} . ${index}`, value: target(endpoint), shape }
  })
}

function stickySlots(port: ServicePort, shape: Shape): Element[] {
  const sets = setsOf(port.family)
  const set = sets.stickySlots(shape.endpoints)
  const ids = endpointIds(port.endpoints)
  return port.endpoints.flatMap((endpoint, index) => {
    const id = ids[index] ?? ''
    return [
      { set, key: `${frontend(port)} . ${index}`, value: id, shape },
      { set: sets.stickyEndpoints, key: `${frontend(port)} . ${id}`, value: target(endpoint) },
    ]
  })
}

/**
 * A mark for each endpoint by which remembered clients find it again: made of its address and port alone, so that it
 * stays the same whichever other endpoints come and go. Of two that fall together the later one moves on by one.
 */
function endpointIds(endpoints: readonly Endpoint[]): string[] {
  const taken = new Set<number>()
  return endpoints.map((endpoint) => {
    let id = fnv1a(target(endpoint))
    while (id === 0 || taken.has(id)) id = (id + 1) >>> 0
    taken.add(id)
    return `0x${id.toString(16).padStart(8, '0')}`
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

function target({ address, port }: Endpoint): string {
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
