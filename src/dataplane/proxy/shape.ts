import type { AddressFamily } from './family.ts'

/**
 * A way to choose among a number of endpoints: one chain with the maps it looks in, shared by all service ports that
 * choose this way, and made when the first of them turns up.
 */
export interface Shape {
  readonly family: AddressFamily
  readonly scope: Scope
  readonly endpoints: number
  /** Clients stay with their endpoint for so long. */
  readonly affinitySeconds?: number
}

/** Whom endpoints are for: clients everywhere, or only those from outside of the node, where that makes a difference. */
export type Scope = 'everywhere' | 'outside'

export function chainOf({ family, scope, endpoints, affinitySeconds }: Shape): string {
  const kind = affinitySeconds === undefined ? 'pick' : 'sticky'
  const time = affinitySeconds === undefined ? '' : `-${affinitySeconds}`
  return `${kind}${family.suffix}${infix(scope)}-${endpoints}${time}`
}

/** More endpoints of one service port than this are left out: `codeOf` has no room for them. */
export const maxEndpoints = 0x3fff

/**
 * The number, as a mark, by which frontends name the chain of a shape: scope, seconds, endpoints in 1, 17 and 14 bits.
 * They do not name the chain itself: for each `goto` that is added the kernel walks through all maps of verdicts, so
 * these must be small.
 */
export function codeOf({ scope, endpoints, affinitySeconds = 0 }: Shape): string {
  return mark((scope === 'outside' ? 0x8000_0000 : 0) + affinitySeconds * 0x4000 + endpoints)
}

/** What frontends name whose connections are dropped. */
export const dropCode = mark(0)

function mark(number: number): string {
  return `0x${number.toString(16).padStart(8, '0')}`
}

/** The shape that a chain is of; undefined for any other chain. */
export function shapeOf(chain: string, families: readonly AddressFamily[]): Shape | undefined {
  const [, kind, suffix, outside, endpoints, seconds] =
    /^(pick|sticky)(6?)(-outside)?-(\d+)(?:-(\d+))?$/.exec(chain) ?? []
  const family = families.find((candidate) => candidate.suffix === suffix)
  if (family === undefined || (kind === 'sticky') !== (seconds !== undefined)) return undefined
  return {
    family,
    scope: outside === undefined ? 'everywhere' : 'outside',
    endpoints: Number(endpoints),
    ...(seconds === undefined ? {} : { affinitySeconds: Number(seconds) }),
  }
}

/** Names of the sets and maps of one family, frontends being `address . protocol . port`. */
export function setsOf({ suffix }: AddressFamily) {
  return {
    /** frontend → code of a shape */
    services: `services${suffix}`,
    /** frontend → code of a shape, for clients from outside, where theirs differs from what others get */
    outside: `outside${suffix}`,
    /** code → chain; each element is there as long as its chain */
    shapes: `shapes${suffix}`,
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
        /** frontend . random number below n → endpoint */
        slots: (endpoints: number) => `slots${suffix}${infix(scope)}-${endpoints}`,
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

/** Whether the set decides where a packet goes on, so that all that it then looks into must be there before. */
export function isDispatch(set: string): boolean {
  return /^(services|outside|refused)/.test(set)
}

function infix(scope: Scope): string {
  return scope === 'outside' ? '-outside' : ''
}
