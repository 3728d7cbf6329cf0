import type { Answer, Choice, RecordOptions } from './answer.ts'
import type { EncodedAnswers } from './encoded-answers.ts'
import { addressRecords, encodeExternalAnswer } from './forward/external-answer.ts'
import { externalQuery, externalQueryFor } from './forward/external-query.ts'
import type { Exchange, Forwarder } from './forward/forwarder.ts'
import { parseQuery, type ParsedQuery, type Query } from './query.ts'
import { answer } from './records.ts'
import { labelsOf, rcode, type DnsRecord } from './record.ts'
import type { Reply, Topic, Transport } from './reply.ts'
import { encodeBareError, encodeResponse, udpLimit, type Response } from './response.ts'
import type { Zone } from './zone.ts'

/**
 * From one packet to the other: the answer to a query, undefined for what gets none. At once for names of the cluster,
 * a promise where others must be asked. Never throws for what is in the packet.
 */
export type Resolver = (packet: Buffer, transport: Transport) => Reply | undefined | Promise<Reply>

export interface ResolverDeps {
  readonly zone: Zone
  readonly forwarder: Forwarder
  readonly options: RecordOptions
  /** Answers that are given again as long as they hold. */
  readonly encoded: Pick<EncodedAnswers, 'get' | 'add'>
  /** Until it resolves, questions wait for a zone that is not synced; from then on they fail at once. */
  readonly patience: Promise<void>
  /** Numbers in [0, 1) by which one of several addresses becomes the first. */
  readonly random: () => number
}

const maxTcpBytes = 65_535
/** An address, with the question's name. */
const shortestRecordBytes = 16
/** Names that may stand for one another in a row. */
const maxAliases = 8

export function resolver({ zone, forwarder, options, encoded, patience, random }: ResolverDeps): Resolver {
  let isPatient = true
  void patience.then(() => (isPatient = false))

  /** More records than there is room for by one, so that it shows; addresses begin at another one each time. */
  function choiceFor(limitBytes: number): Choice {
    return { most: Math.floor(limitBytes / shortestRecordBytes) + 1, share: random() }
  }

  function respond(query: Query, answered: Exclude<Answer, { outcome: 'alias' | 'elsewhere' }>): Response {
    switch (answered.outcome) {
      case 'found':
        return { ...ours(rcode.noError), answers: answered.answers, additionals: answered.additionals }
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
  async function follow(query: Query, first: DnsRecord & { type: 'CNAME' }, limitBytes: number): Promise<Response> {
    const aliases: DnsRecord[] = [first]
    let { target } = first
    while (aliases.length <= maxAliases) {
      const asked = { labels: labelsOf(target), name: target, type: query.question.type }
      const next = answer(asked, zone, options, choiceFor(limitBytes))
      if (next.outcome === 'elsewhere') return merge(aliases, await forwarder.exchange(externalQueryFor(query, asked)))
      if (next.outcome !== 'alias') {
        const response = respond(query, next)
        return { ...response, answers: [...aliases, ...(response.answers ?? [])] }
      }
      aliases.push(next.alias)
      target = next.alias.target
    }
    return theirs(rcode.serverFailure)
  }

  async function pass(query: Query, limitBytes: number): Promise<Buffer> {
    const exchange = await forwarder.exchange(externalQuery(query))
    if (exchange.outcome !== 'answered') return encodeResponse(query, theirs(rcode.serverFailure), limitBytes)
    return encodeExternalAnswer(exchange.answer, query, { ageSeconds: exchange.ageSeconds, limitBytes })
  }

  function resolve(packet: Buffer, query: Query, transport: Transport): Reply | Promise<Reply> {
    const limit = transport === 'udp' ? udpLimit(query) : maxTcpBytes
    const answered = answer(query.question, zone, options, choiceFor(limit))
    const topic = { type: query.question.type, inCluster: answered.outcome !== 'elsewhere' }
    switch (answered.outcome) {
      case 'elsewhere':
        return replying(pass(query, limit), topic)
      case 'alias':
        return replying(follow(query, answered.alias, limit).then((response) => encodeResponse(query, response, limit)), topic)
      case 'not-synced':
        if (isPatient) return patience.then(() => resolve(packet, query, transport))
        return { packet: encodeResponse(query, respond(query, answered), limit), topic }
      default: {
        const reply = { packet: encodeResponse(query, respond(query, answered), limit), topic }
        if (transport === 'udp') encoded.add(packet, query, answered, reply)
        return reply
      }
    }
  }

  return (packet, transport) => {
    const known = transport === 'udp' ? encoded.get(packet) : undefined
    if (known !== undefined) return known
    const parsed = parseQuery(packet)
    switch (parsed.outcome) {
      case 'ignore':
        return undefined
      case 'bad':
        return refusal(parsed)
      case 'query':
        return resolve(packet, parsed.query, transport)
      default:
        throw new TypeError(`no reply for ${String(parsed satisfies never)}`)
    }
  }
}

function refusal({ query, header, rcode: code }: ParsedQuery & { outcome: 'bad' }): Reply {
  if (query === undefined) return { packet: encodeBareError(header, code), topic: { type: 0, inCluster: false } }
  const packet = encodeResponse(query, theirs(code), udpLimit(query))
  return { packet, topic: { type: query.question.type, inCluster: false } }
}

async function replying(packet: Promise<Buffer>, topic: Topic): Promise<Reply> {
  return { packet: await packet, topic }
}

function ours(code: number): Response {
  return { rcode: code, authoritative: true }
}

function theirs(code: number): Response {
  return { rcode: code, authoritative: false }
}

/** The cluster's aliases with what is behind them. Without upstreams the alias itself is the answer. */
function merge(aliases: readonly DnsRecord[], exchange: Exchange): Response {
  switch (exchange.outcome) {
    case 'nowhere':
      return { ...ours(rcode.noError), answers: aliases }
    case 'failed':
      return { ...ours(rcode.serverFailure), answers: aliases }
    case 'answered': {
      const records = addressRecords(exchange.answer, exchange.ageSeconds)
      if (records === undefined) return { ...ours(rcode.serverFailure), answers: aliases }
      return { ...ours(exchange.answer.rcode), answers: [...aliases, ...records] }
    }
    default:
      throw new TypeError(`no response for ${String(exchange satisfies never)}`)
  }
}
