import type { SocketAddress } from '../kernel/conntrack.ts'
import { nftCommand } from '../kernel/nft-command.ts'
import { parseListing, type TableListing } from '../kernel/nft-table-listing.ts'
import { trackedConnection, type TrackedConnection } from '../kernel/tracked-connection.ts'
import { remoteCall, type RemoteCallDeps } from './caller/remote-call.ts'
import type { Order } from './caller/messages.ts'
import type { Relay, RequestWatch, ServedRequest } from './ingress/served-request.ts'
import type { Naming, Recording, Relayed } from './recording.ts'
import type { Source } from './source.ts'
import { TraceError } from './trace-error.ts'
import { flowText, type Flow, type Sighting } from './watch/sighting.ts'
import { watchTable, type Connection } from './watch/table.ts'
import { Watcher, type TimedPassage, type WatchedPlace, type WatcherDeps } from './watch/watcher.ts'

export interface RecordDeps extends WatcherDeps, RemoteCallDeps {
  readonly processes: WatcherDeps['processes']
  /** Of this process, different from those of others that run now. */
  readonly pid: number
  /** From 0 to 1. */
  random(): number
}

/** What to connect, and how to find its address if not by DNS. */
export interface Plan extends Order {
  readonly source: Source
  readonly naming?: Naming
  /** Who takes connections to a destination, if it is a relay. */
  relayAt?(destination: SocketAddress, protocol: 'tcp' | 'udp'): Relay | undefined
}

/** As dataplane/proxy/base-rules.ts and dataplane/loadbalancer/base-rules.ts name them. */
const ownTables = ['portolan-proxy', 'portolan-load-balancer'] as const

/** Makes the connection and looks at it in all of the places. Leaves nothing behind. */
export async function record({ source, naming, relayAt, ...order }: Plan, places: readonly WatchedPlace[], deps: RecordDeps): Promise<Recording> {
  await using stack = new AsyncDisposableStack()
  const call = stack.adopt(await remoteCall(order, source.netns, deps), (each) => each.end())
  const { questions, ends } = call
  const bare = {
    target: order.target,
    source,
    naming: naming ?? (questions.length === 0 ? { by: 'address' as const } : { by: 'dns' as const, questions }),
    sightings: [],
    earlierTries: 0,
    tracked: new Map(),
    elements: new Map(),
  }
  if (ends === undefined) return { ...bare, outcome: await call.done(async () => {}) }
  const connection = { protocol: order.target.protocol, ...ends }
  const relay = relayAt?.(ends.destination, order.target.protocol)
  const table = `portolan-trace-${deps.pid}`
  const rules = watchTable(table, 1 + Math.floor(deps.random() * 0xfffe), connection, relay?.address)
  const started = await Promise.allSettled(places.map(async (place) => stack.adopt(await Watcher.start(place, { table, rules }, deps), (each) => each.end())))
  const watchers = started.map((each) => {
    if (each.status === 'rejected') throw each.reason
    return each.value
  })
  let watch: RequestWatch | undefined
  const outcome = await call.done(async () => {
    if (relay === undefined) return
    const client = deliveredFrom(legsOf(await passagesOf(watchers), relay, undefined).own) ?? connection.source
    watch = stack.adopt(await relay.watch(client).catch(unwatchable), (each) => each?.end())
  })
  const request = await watch?.told().catch(unwatchable)
  const { own, relayed } = legsOf(await passagesOf(watchers), relay, request)
  const all = sightingsOf(own, own[0])
  const { sightings, earlierTries } = lastTry(all)
  return {
    ...bare,
    connection,
    outcome,
    sightings,
    earlierTries,
    tracked: await trackedIn(sightings, connection.protocol, places, deps),
    elements: await elementsIn(sightings, places, deps),
    ...(relay === undefined ? {} : { relayed: await relayedOf(request, sightingsOf(relayed, own[0]), places, deps) }),
  }
}

interface PlacedPassage extends TimedPassage {
  readonly place: string
}

function unwatchable(cause: Error): never {
  throw new TraceError(`HAProxy does not tell what it does (${cause.message}): see ./portolan doctor`, { cause })
}

/** As whom the program that takes the connection sees the client, whose source may have been translated on the way. Pure. */
export function deliveredFrom(passages: readonly Pick<TimedPassage, 'direction' | 'end' | 'came'>[]): SocketAddress | undefined {
  return passages.findLast(({ direction, end }) => direction === 'original' && end === 'delivered')?.came.source
}

/** In the order of time. */
async function passagesOf(watchers: readonly Watcher[]): Promise<readonly PlacedPassage[]> {
  const passages = await Promise.all(watchers.map(async (watcher) => (await watcher.passages()).map((passage) => ({ ...passage, place: watcher.place.name }))))
  return passages.flat().sort((a, b) => (a.cameNs < b.cameNs ? -1 : 1))
}

/** The packets of the client's connection, and those of the relay's for this request. It makes others at the same time. Pure. */
export function legsOf<T extends Pick<TimedPassage, 'came' | 'direction'>>(passages: readonly T[], relay: Pick<Relay, 'address'> | undefined, request: Pick<ServedRequest, 'server'> | undefined): { readonly own: readonly T[]; readonly relayed: readonly T[] } {
  const { server } = request ?? {}
  const towards = ({ came: { source, destination }, direction }: T): Flow => (direction === 'original' ? { source, destination } : { source: destination, destination: source })
  return {
    own: passages.filter((each) => towards(each).source.address !== relay?.address),
    relayed: server === undefined ? [] : passages.filter((each) => flowText(towards(each)) === flowText(server)),
  }
}

/** With times since the first of them all. */
function sightingsOf(passages: readonly PlacedPassage[], first: TimedPassage | undefined): readonly Sighting[] {
  const start = first?.cameNs ?? 0n
  const since = (ns: bigint) => Number(ns - start) / 1_000
  return passages.map(({ cameNs, wentNs, ...passage }) => ({ ...passage, cameAt: since(cameNs), ...(wentNs === undefined ? {} : { wentAt: since(wentNs) }) }))
}

/** A client that hears nothing sends its first packet again, which may take another way. Pure. */
export function lastTry(all: readonly Sighting[]): Pick<Recording, 'sightings' | 'earlierTries'> {
  const [first] = all
  if (first === undefined) return { sightings: [], earlierTries: 0 }
  const begins = all.flatMap((each, index) => (each.place === first.place && each.iif === first.iif && flowText(each.came) === flowText(first.came) ? [index] : []))
  return { sightings: all.slice(begins.at(-1)), earlierTries: begins.length - 1 }
}

async function trackedIn(
  sightings: readonly Sighting[],
  protocol: Connection['protocol'],
  places: readonly WatchedPlace[],
  { processes }: RecordDeps,
): Promise<ReadonlyMap<string, TrackedConnection>> {
  const found = places.map(async ({ name, netns }) => {
    const first = sightings.find(({ place, direction }) => place === name && direction === 'original')
    const entry = first === undefined ? undefined : await trackedConnection(processes, netns, { protocol, ...first.came })
    return entry === undefined ? [] : [[name, entry] as const]
  })
  return new Map((await Promise.all(found)).flat())
}

async function relayedOf(request: ServedRequest | undefined, sightings: readonly Sighting[], places: readonly WatchedPlace[], { processes }: RecordDeps): Promise<Relayed> {
  const { server } = request ?? {}
  if (request === undefined || server === undefined) return { ...(request === undefined ? {} : { request }), sightings, tracked: new Map() }
  const found = places.map(async ({ name, netns }) => {
    const entry = await trackedConnection(processes, netns, { protocol: 'tcp', ...server })
    return entry === undefined ? [] : [[name, entry] as const]
  })
  return { request, sightings, tracked: new Map((await Promise.all(found)).flat()) }
}

async function elementsIn(sightings: readonly Sighting[], places: readonly WatchedPlace[], { processes }: RecordDeps): Promise<Recording['elements']> {
  const found = places.map(async ({ name, netns }) => {
    const matched = new Set(sightings.filter(({ place }) => place === name).flatMap(({ matches }) => matches.map(({ table }) => table)))
    const listings = ownTables.filter((table) => matched.has(table)).map(async (table) => [table, await elementsOf(table, netns, processes)] as const)
    return [name, new Map(await Promise.all(listings))] as const
  })
  return new Map(await Promise.all(found))
}

async function elementsOf(table: string, netns: string, processes: RecordDeps['processes']): Promise<TableListing['elements']> {
  return parseListing((await nftCommand({ processes, netns }).listTable(table)) ?? '').elements
}
