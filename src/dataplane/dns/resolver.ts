import type { Exchange, Forwarder, Transport } from './forwarder.ts'
import { parseQuery, type Query } from './query.ts'
import { answer, type Answer, type RecordOptions } from './records.ts'
import { labelsOf, rcode, type DnsRecord } from './record.ts'
import { encodeBareError, encodeResponse, udpLimit, type Response } from './response.ts'
import { readUpstreamAnswers } from './upstream-answers.ts'
import type { Zone } from './zone.ts'

/**
 * From one packet to the other: the answer to a query, undefined for what gets none. At once for names of the cluster,
 * a promise where others must be asked. Never throws for what is in the packet.
 */
export type Resolver = (packet: Buffer, transport: Transport) => Buffer | undefined | Promise<Buffer>

export interface ResolverDeps {
  readonly zone: Zone
  readonly forwarder: Forwarder
  readonly options: RecordOptions
}

const maxTcpBytes = 65_535
/** Names that may stand for one another in a row. */
const maxAliases = 8

export function resolver({ zone, forwarder, options }: ResolverDeps): Resolver {
  let turn = 0

  function respond(query: Query, answered: Exclude<Answer, { outcome: 'alias' | 'elsewhere' }>): Response {
    switch (answered.outcome) {
      case 'found':
        turn = (turn + 1) >>> 0
        return { ...ours(rcode.noError), answers: rotated(answered.answers, turn), additionals: answered.additionals }
      case 'no-data':
        return { ...ours(rcode.noError), authorities: [answered.authority] }
      case 'no-name':
        return { ...ours(rcode.nameError), authorities: [answered.authority] }
      case 'not-synced':
        return theirs(rcode.serverFailure)
      case 'refused':
        return theirs(rcode.refused)
      default:
        throw new TypeError(`no response for ${String(answered satisfies never)} to ${query.question.name}`)
    }
  }

  /** Follows aliases from the cluster's names until one has its own answer. */
  async function follow(query: Query, first: DnsRecord & { type: 'CNAME' }): Promise<Response> {
    const aliases: DnsRecord[] = [first]
    let { target } = first
    while (aliases.length <= maxAliases) {
      const asked = { labels: labelsOf(target), name: target, type: query.question.type }
      const next = answer(asked, zone, options)
      if (next.outcome === 'elsewhere') return merge(aliases, await forwarder.exchange(encodeQuery(asked), 'udp'))
      if (next.outcome !== 'alias') {
        const response = respond(query, next)
        return { ...response, answers: [...aliases, ...(response.answers ?? [])] }
      }
      aliases.push(next.alias)
      target = next.alias.target
    }
    return theirs(rcode.serverFailure)
  }

  async function pass(query: Query, packet: Buffer, transport: Transport, limit: number): Promise<Buffer> {
    const exchange = await forwarder.exchange(packet, transport)
    return exchange.outcome === 'answered' ? exchange.packet : encodeResponse(query, theirs(rcode.serverFailure), limit)
  }

  return (packet, transport) => {
    const parsed = parseQuery(packet)
    if (parsed.outcome === 'ignore') return undefined
    if (parsed.outcome === 'bad') {
      if (parsed.query === undefined) return encodeBareError(parsed.header, parsed.rcode)
      return encodeResponse(parsed.query, theirs(parsed.rcode), udpLimit(parsed.query))
    }
    const { query } = parsed
    const limit = transport === 'udp' ? udpLimit(query) : maxTcpBytes
    const answered = answer(query.question, zone, options)
    switch (answered.outcome) {
      case 'elsewhere':
        return pass(query, packet, transport, limit)
      case 'alias':
        return follow(query, answered.alias).then((response) => encodeResponse(query, response, limit))
      default:
        return encodeResponse(query, respond(query, answered), limit)
    }
  }
}

function ours(code: number): Response {
  return { rcode: code, authoritative: true }
}

function theirs(code: number): Response {
  return { rcode: code, authoritative: false }
}

/** The cluster's aliases with what is behind them. Without upstreams the alias itself is the answer. */
function merge(aliases: readonly DnsRecord[], exchange: Exchange): Response {
  if (exchange.outcome === 'nowhere') return { ...ours(rcode.noError), answers: aliases }
  const upstream = exchange.outcome === 'answered' ? readUpstreamAnswers(exchange.packet) : undefined
  if (upstream === undefined) return { ...ours(rcode.serverFailure), answers: aliases }
  return { ...ours(upstream.rcode), answers: [...aliases, ...upstream.answers] }
}

/** Addresses begin at another one each time, so that askers who take the first are spread. */
function rotated(records: readonly DnsRecord[], turn: number): readonly DnsRecord[] {
  if (records.length < 2 || !records.every(({ type }) => type === 'A' || type === 'AAAA')) return records
  const start = turn % records.length
  return [...records.slice(start), ...records.slice(0, start)]
}

/** A query of our own for a name, recursion desired; the id is the forwarder's to choose. */
function encodeQuery({ labels, type }: Query['question']): Buffer {
  const header = Buffer.from([0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0])
  const name = labels.flatMap((label) => [Buffer.from([label.length]), Buffer.from(label, 'latin1')])
  return Buffer.concat([header, ...name, Buffer.from([0, type >> 8, type & 255, 0, 1])])
}
