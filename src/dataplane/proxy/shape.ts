import type { AddressFamily } from './family.ts'

/**
 * A way to choose among a number of endpoints: one chain with the map it looks in, shared by all service ports that
 * choose this way, and made when the first of them turns up.
 */
export interface Shape {
  readonly family: AddressFamily
  readonly endpoints: number
  /** Present if clients stay with their endpoint. */
  readonly affinity?: Affinity
}

export interface Affinity {
  readonly seconds: number
  readonly scope: Scope
}

/** Whom endpoints are for: clients everywhere, or only those from outside of the node, where that makes a difference. */
export type Scope = 'everywhere' | 'outside'

export function chainOf({ family, endpoints, affinity }: Shape): string {
  if (affinity === undefined) return `pick${family.suffix}-${endpoints}`
  return `sticky${family.suffix}${infix(affinity.scope)}-${endpoints}-${affinity.seconds}`
}

/** The shape that a chain is of; undefined for any other chain. */
export function shapeOf(chain: string, families: readonly AddressFamily[]): Shape | undefined {
  const [, suffix, outside, endpoints, seconds] = /^(?:pick|sticky)(6?)(-outside)?-(\d+)(?:-(\d+))?$/.exec(chain) ?? []
  const family = families.find((candidate) => candidate.suffix === suffix)
  if (family === undefined) return undefined
  const scope = outside === undefined ? 'everywhere' : 'outside'
  const affinity = seconds === undefined ? {} : { affinity: { seconds: Number(seconds), scope } as const }
  const shape = { family, endpoints: Number(endpoints), ...affinity }
  return chainOf(shape) === chain ? shape : undefined
}

const sets = new WeakMap<AddressFamily, ReturnType<typeof namesOf>>()

/** Names of the sets and maps of one family, frontends being `address . protocol . port`. */
export function setsOf(family: AddressFamily): ReturnType<typeof namesOf> {
  const known = sets.get(family)
  if (known !== undefined) return known // asked for every service port
  const names = namesOf(family)
  sets.set(family, names)
  return names
}

function namesOf({ suffix }: AddressFamily) {
  return {
    /** frontend → code */
    services: `services${suffix}`,
    /** frontend → code, for clients from outside, where theirs differs from what others get */
    outside: `outside${suffix}`,
    /** number of endpoints → chain that takes one of a pool; each element is there as long as its chain */
    picks: `picks${suffix}`,
    /** code → chain that remembers clients; each element is there as long as its chain */
    stickies: `stickies${suffix}`,
    /** code . random number below n → endpoint */
    slots: (endpoints: number) => `slots${suffix}-${endpoints}`,
    /** Ranges of the pods of this node: who comes from elsewhere is a client from outside. */
    ownPods: `own-pods${suffix}`,
    /** Frontends that have no endpoints, on addresses that are not the Service's alone. */
    refused: `refused${suffix}`,
    /** Addresses that are refused wherever they are not translated. */
    clusterIPs: `cluster-ips${suffix}`,
    /** endpoint . endpoint: connections that lead from a pod back to itself */
    hairpin: `hairpin${suffix}`,
    /** Frontends whose clients' addresses are hidden behind the node's. */
    masqueraded: `masqueraded${suffix}`,
    /** Frontends that only some clients may use. */
    restricted: `restricted${suffix}`,
    /** frontend . range of clients that may use it */
    allowedSources: `allowed-sources${suffix}`,
    /** client . frontend → id of an endpoint; filled by the rules */
    affinity: `affinity${suffix}`,
    ofScope(scope: Scope) {
      return {
        /** frontend . id → endpoint, for clients that are remembered */
        stickyEndpoints: `sticky-endpoints${suffix}${infix(scope)}`,
        /** The same, for clients that have just been given the id. */
        stickyChoices: `sticky-choices${suffix}${infix(scope)}`,
        /** frontend . random number below n → id of an endpoint */
        stickySlots: (endpoints: number) => `sticky-slots${suffix}${infix(scope)}-${endpoints}`,
      }
    },
  }
}

/**
 * Whether a packet looks into the set after it has been sent there by another one, so that it may come with what it
 * found before a transaction: elements stay for a moment when nothing leads to them any more.
 */
export function isSecondLookup(set: string): boolean {
  return /^(slots|sticky-slots|sticky-choices)/.test(set)
}

/** Whether it is a map of pools' endpoints. */
export function isSlots(set: string): boolean {
  return set.startsWith('slots')
}

/** Whether the set decides where a packet goes on, so that all that it then looks into must be there before. */
export function isDispatch(set: string): boolean {
  return /^(services|outside|refused)/.test(set)
}

function infix(scope: Scope): string {
  return scope === 'outside' ? '-outside' : ''
}
