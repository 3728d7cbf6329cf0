import { fnv1a } from '../../base/fnv.ts'
import { classid, dropCode, maxEndpoints, pickCode, stickyCode } from './code.ts'
import type { Claim, Element } from './compile.ts'
import type { Endpoint } from './endpoints.ts'
import type { AddressFamily } from './family.ts'
import type { ServicePort, Target } from './model.ts'
import { contentOf, endpointsIn } from './pools.ts'
import { setsOf, type Affinity, type Scope, type Shape } from './shape.ts'

/**
 * The number of the pool with these endpoints, the same for the same endpoints. Undefined if there is none left: then
 * there is no way to them. Asked once for each frontend.
 */
export type NumberOfPool = (content: string) => number | undefined

/** What leads connections to a frontend to its endpoints, for clients everywhere or for those from outside. */
export function translation(
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
      : [sticky(dispatch, { family, endpoints: target.endpoints }, { seconds: affinitySeconds, scope })]
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

/**
 * One claim, because where Services dispute a frontend, whoever has it must have all that is looked up by it: ids of
 * endpoints are no more than numbers within a frontend.
 */
function sticky(dispatch: Dispatch, { family, endpoints }: Destinations, affinity: Affinity): Claim {
  const targets = endpoints.slice(0, maxEndpoints.sticky).map(targetOf)
  const shape = { family, endpoints: targets.length, affinity }
  const code = stickyCode(targets.length, affinity)
  const elements = () => [{ ...dispatch, value: code, shape }, ...stickyEndpointsOf(dispatch, targets, shape)]
  return { ...dispatch, value: `${code} ${contentOf(targets)}`, group: { size: 1 + 3 * targets.length, elements } }
}

function stickyEndpointsOf({ key }: Dispatch, targets: readonly string[], shape: Shape & { affinity: Affinity }): Element[] {
  const { stickySlots, stickyEndpoints, stickyChoices } = setsOf(shape.family).ofScope(shape.affinity.scope)
  const set = stickySlots(targets.length)
  const ids = endpointIds(targets)
  return targets.flatMap((value, index) => {
    const id = ids[index] ?? ''
    return [
      { set, key: `${key} . ${index}`, value: id, shape },
      { set: stickyEndpoints, key: `${key} . ${id}`, value },
      { set: stickyChoices, key: `${key} . ${id}`, value },
    ]
  })
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

/** The key of a frontend. */
export function frontend({ address, protocol, port }: ServicePort): string {
  return `${address} . ${protocol} . ${port}`
}

function targetOf({ address, port }: Endpoint): string {
  return `${address} . ${port}`
}
