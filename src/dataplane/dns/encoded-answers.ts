import type { ObjectKey } from '../../api/object.ts'
import { Generations } from '../../base/generations.ts'
import type { Answer } from './answer.ts'
import type { Query } from './query.ts'
import { optBytes } from './response.ts'
import type { Reply, Topic } from './reply.ts'
import type { Zone, ZoneService } from './zone.ts'

/** Of a generation; there are two. Ten thousand names with their answers take about 3 MB. */
const bounds = { entries: 10_000, weight: 4 * 1024 * 1024 }
const headerBytes = 12
/** Header, the longest name, type and class, and OPT: longer ones are not kept, and not worth looking for. */
const longestPlainQuery = headerBytes + 255 + 4 + optBytes
/** Serial, refresh, retry, expire and minimum are the end of a SOA record. */
const soaNumberBytes = 20

interface Entry {
  /** The packet, one character per octet: as a text it costs its length and little more. */
  readonly packet: string
  readonly topic: Topic
  readonly rests: RestsOn
  /** Where the serial of the zone is in it; 0 if it is not. */
  readonly serialAt: number
  readonly rotation: Rotation | undefined
}

/** It holds for as long as this is so: one Service is what it was, or the whole zone is. */
type RestsOn = { readonly key: ObjectKey; readonly service: ZoneService | undefined } | { readonly serial: number }

/** Records of one length, one after the other, that begin with another one each time. */
interface Rotation {
  readonly start: number
  readonly recordBytes: number
  readonly count: number
  turn: number
}

/**
 * Answers as they were sent over UDP, by the queries that they were sent for. An answer is given again only if it would be
 * the same, octet for octet but for the id and the order of its addresses.
 */
export class EncodedAnswers {
  readonly #zone: Zone
  readonly #entries = new Generations<Entry>(bounds)

  constructor(zone: Zone) {
    this.#zone = zone
  }

  get size(): number {
    return this.#entries.size
  }

  get(query: Buffer): Reply | undefined {
    if (query.length > longestPlainQuery) return undefined
    const entry = this.#entries.get(keyOf(query))
    if (entry === undefined || !this.#holds(entry.rests)) return undefined
    const packet = Buffer.allocUnsafe(entry.packet.length)
    packet.write(entry.packet, 'latin1')
    packet.writeUInt16BE(query.readUInt16BE(0), 0)
    if (entry.serialAt !== 0) packet.writeUInt32BE(this.#zone.serial >>> 0, entry.serialAt)
    if (entry.rotation !== undefined) rotate(packet, entry)
    return { packet, topic: entry.topic }
  }

  /** `packet` is what came, `reply` what is sent for it. */
  add(packet: Buffer, query: Query, answer: Answer, reply: Reply): void {
    if (!('answers' in answer || 'authority' in answer) || !isPlain(packet, query) || isTruncated(reply.packet)) return
    const { service: key } = answer
    const entry = {
      packet: reply.packet.toString('latin1'),
      topic: reply.topic,
      rests: key === undefined ? { serial: this.#zone.serial } : { key, service: this.#zone.service(key) },
      serialAt: answer.outcome === 'found' ? 0 : reply.packet.length - (query.edns === undefined ? 0 : optBytes) - soaNumberBytes,
      rotation: answer.outcome === 'found' ? rotationOf(query, answer.answers) : undefined,
    }
    this.#entries.set(keyOf(packet), entry, packet.length + reply.packet.length)
  }

  #holds(rests: RestsOn): boolean {
    return 'serial' in rests ? rests.serial === this.#zone.serial : rests.service === this.#zone.service(rests.key)
  }
}

/** All but the id. */
function keyOf(packet: Buffer): string {
  return packet.toString('latin1', 2)
}

/** Nothing in it differs from one asking to the next, as cookies do. */
function isPlain(packet: Buffer, { questionBytes, edns }: Query): boolean {
  return packet.length === headerBytes + questionBytes.length + (edns === undefined ? 0 : optBytes)
}

function isTruncated(packet: Buffer): boolean {
  return ((packet[2] ?? 0) & 0x02) !== 0
}

function rotationOf({ questionBytes }: Query, answers: (Answer & { outcome: 'found' })['answers']): Rotation | undefined {
  const [first] = answers
  if (answers.length < 2 || (first?.type !== 'A' && first?.type !== 'AAAA')) return undefined
  // A pointer to the question's name, the ten octets of the fixed fields, and the address.
  const recordBytes = 12 + (first.type === 'A' ? 4 : 16)
  return { start: headerBytes + questionBytes.length, recordBytes, count: answers.length, turn: 0 }
}

function rotate(packet: Buffer, { packet: text, rotation }: Entry): void {
  if (rotation === undefined) return
  const { start, recordBytes, count } = rotation
  rotation.turn = (rotation.turn + 1) % count
  const middle = start + rotation.turn * recordBytes
  const end = start + count * recordBytes
  packet.write(text.slice(middle, end), start, 'latin1')
  packet.write(text.slice(start, middle), start + end - middle, 'latin1')
}
