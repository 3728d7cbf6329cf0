import type { Log } from '../../base/log.ts'
import { flowKey, type Conntrack, type TrackedFlow } from '../../kernel/conntrack.ts'
import type { Nft, NftOperation } from '../../kernel/nft.ts'
import { parseListing, type TableListing } from '../../kernel/nft-table-listing.ts'
import { baseRules, shapeRules, tableName } from './base-rules.ts'
import type { DesiredState, Step } from './desired.ts'
import type { Change } from './diff.ts'
import { familiesOf, type ClusterRange } from './family.ts'
import { Lingering } from './lingering.ts'
import { chainOf } from './shape.ts'
import { difference, isEqual, shapesIn } from './table-difference.ts'
import { staleFlows } from './tracked-flows.ts'
import {
  addedBy,
  affinityOperations,
  baseOperations,
  changeTransactions,
  reloadOperations,
  shapesOf,
  transactionSize,
} from './transactions.ts'

export interface KernelDeps {
  readonly nft: Nft
  readonly conntrack: Conntrack
  readonly log: Log
  readonly ranges: readonly ClusterRange[]
}

/** What the kernel listed at some time. */
export interface Inspection {
  readonly generation: number
  /** Undefined if there is no table. */
  readonly listing: TableListing | undefined
  readonly hasOurRules: boolean
}

/** So many changed elements of the first load go together. nft reads fewer at once faster, as it needs less memory. */
const pieceSize = 2000

/**
 * What the kernel was last told. Sends only differences. At first it takes over the table of an earlier life, if its
 * rules are what ours would be, so that clients stay remembered and nothing that is right is touched. After a failed
 * transaction, when it is not known what the kernel has, the whole table is replaced.
 */
export class KernelState {
  readonly #deps: KernelDeps
  readonly #lingering = new Lingering()
  /** Chains of shapes that are in the table; undefined when the table's content is not known. */
  #shapes: Set<string> | undefined
  #hasFailed = false
  /** Then the next one leaves out the clients that rules remember. */
  #wasReloadRefused = false
  /** The rules that were last compared with, as the kernel lists them. */
  #canonical: { readonly text: string; readonly skeleton: TableListing['skeleton'] } | undefined
  /** Counts transactions. */
  #generation = 0
  /** Entries of connection tracking that are still to be forgotten. */
  readonly #leaving = new Map<string, TrackedFlow>()
  #isTrackingChecked = false

  constructor(deps: KernelDeps) {
    this.#deps = deps
  }

  get isKnown(): boolean {
    return this.#shapes !== undefined
  }

  /** Whether there are elements that `removeLingering` would remove. */
  get isTidy(): boolean {
    return this.#lingering.isEmpty
  }

  /**
   * Brings the kernel to the desired state, rules first, so that what is then forgotten by connection tracking is
   * translated by the new ones. Rejects with the kernel's error; the next call makes up for it.
   */
  async apply(desired: DesiredState): Promise<void> {
    if (this.#shapes !== undefined) {
      await this.#send(this.#lingering.withhold(this.#step(desired).changes))
    } else if (this.#hasFailed) {
      this.#step(desired)
      await this.#reload(desired)
    } else {
      await this.#takeOver(desired)
    }
    await this.#forget(desired)
  }

  /**
   * Removes what was lingering at the last call. To be called when packets that met the last `apply` on their way have
   * passed.
   */
  async removeLingering(desired: DesiredState): Promise<void> {
    if (this.#shapes === undefined) return
    await this.#send(this.#lingering.take())
    desired.packetsHavePassed()
  }

  /** Lists what the kernel holds. Its cost grows with the table; transactions may go on meanwhile. */
  async inspect(): Promise<Inspection> {
    const generation = this.#generation
    const listing = await this.#list()
    return { generation, listing, hasOurRules: listing !== undefined && (await this.#hasOurRules(listing)) }
  }

  /**
   * Mends what an inspection shows to differ from what was applied, because somebody else changed it. An inspection that
   * a transaction has made outdated shows nothing.
   */
  async repair({ generation, listing, hasOurRules }: Inspection, desired: DesiredState): Promise<void> {
    if (generation !== this.#generation || this.#shapes === undefined || !this.isTidy) return
    if (listing === undefined || !hasOurRules) {
      this.#deps.log.warn({ isThere: listing !== undefined }, 'somebody else changed the table: it is loaded again')
      await this.#reload(desired)
      return
    }
    const changes = difference(listing, desired.elements(), this.#deps.ranges)
    if (changes.length === 0) return
    this.#deps.log.warn({ elements: changes.length, first: changes[0] }, 'somebody else changed elements: they are mended')
    await this.#send(changes)
  }

  #step(desired: DesiredState): Step {
    const step = desired.takeStep()
    for (const flow of step.departed) this.#leaving.set(flowKey(flow), flow)
    return step
  }

  /** What connection tracking must forget now is found in its own table. */
  async #takeOver(desired: DesiredState): Promise<void> {
    const listing = await this.#list()
    const hasOurRules = listing !== undefined && (await this.#hasOurRules(listing))
    if (listing === undefined) {
      await this.#fill(desired)
    } else if (hasOurRules) {
      desired.adopt(listing)
      desired.takeStep()
      this.#shapes = new Set(shapesIn(listing, this.#deps.ranges).map(chainOf))
      await this.#send(this.#lingering.withhold(difference(listing, desired.elements(), this.#deps.ranges)))
    } else {
      desired.takeStep()
      await this.#reload(desired)
    }
    this.#deps.log.info({ tookOver: hasOurRules }, 'the rules are in the kernel')
  }

  /**
   * Makes the table and brings one Service after the other, each whole: while nft reads some of them, the next are
   * compiled. Those that change meanwhile are left for the next `apply`.
   */
  async #fill(desired: DesiredState): Promise<void> {
    this.#shapes = new Set()
    const sent: Promise<void>[] = []
    try {
      for (const { changes } of desired.steps(pieceSize)) {
        const first = sent.length === 0 ? baseOperations(this.#deps.ranges) : []
        const last = this.#send(this.#lingering.withhold(changes), first)
        last.catch(() => undefined) // it is waited for in its turn
        sent.push(last)
        // Others may lead to the same pool, so one that goes in several transactions must be there first.
        await sent.at(changes.length > transactionSize ? -1 : -2)
      }
      await sent.at(-1)
    } finally {
      await Promise.allSettled(sent)
    }
  }

  async #reload(desired: DesiredState): Promise<void> {
    const { ranges, log } = this.#deps
    const elements = desired.elements()
    // Clients that the kernel does not take back must not keep the rules from being loaded.
    const remembered = this.#wasReloadRefused ? new Map() : ((await this.#list())?.timed ?? new Map())
    this.#wasReloadRefused = true
    await this.#transact([...reloadOperations(ranges, elements), ...affinityOperations(ranges, remembered)])
    this.#wasReloadRefused = false
    this.#shapes = new Set(shapesOf(elements).map(chainOf))
    this.#hasFailed = false
    this.#lingering.clear()
    this.#isTrackingChecked = false
    log.info({ elements: elements.length }, 'loaded the whole table')
  }

  /** What is to be done first goes into the same transaction. */
  async #send(changes: readonly Change[], first: readonly NftOperation[] = []): Promise<void> {
    const chains = this.#shapes ?? new Set()
    const shapes = shapesOf(addedBy(changes), chains)
    this.#shapes = new Set([...chains, ...shapes.map(chainOf)])
    const [next = [], ...later] = changeTransactions(changes, shapes)
    for (const operations of [[...first, ...next], ...later]) await this.#transact(operations)
  }

  async #transact(operations: readonly NftOperation[]): Promise<void> {
    if (operations.length === 0) return
    this.#generation += 1
    try {
      await this.#deps.nft.transaction(operations)
    } catch (error) {
      this.#shapes = undefined
      this.#hasFailed = true
      throw error
    }
  }

  async #list(): Promise<TableListing | undefined> {
    const text = await this.#deps.nft.listTable(tableName)
    return text === undefined ? undefined : parseListing(text)
  }

  /** Whether the table's rules and sets are, but for their elements, what the kernel would list if we loaded ours. */
  async #hasOurRules(listing: TableListing): Promise<boolean> {
    const { ranges, nft } = this.#deps
    const text = [baseRules(ranges), ...shapesIn(listing, ranges).map(shapeRules)].join('')
    if (this.#canonical?.text !== text) this.#canonical = { text, ...parseListing(await nft.canonical(text)) }
    return isEqual(listing.skeleton, this.#canonical.skeleton)
  }

  async #forget(desired: DesiredState): Promise<void> {
    const { conntrack, ranges } = this.#deps
    if (!this.#isTrackingChecked) {
      const found = await Promise.all(familiesOf(ranges).map(({ name }) => conntrack.list('udp', name)))
      for (const flow of staleFlows(found.flat(), desired.udpPorts(), ranges)) this.#leaving.set(flowKey(flow), flow)
      this.#isTrackingChecked = true
    }
    if (this.#leaving.size === 0) return
    await conntrack.forget([...this.#leaving.values()])
    this.#leaving.clear()
  }
}
