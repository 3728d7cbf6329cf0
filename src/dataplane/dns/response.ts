import { parseIPv4 } from '../../base/ip.ts'
import { ipv6Bytes } from './addresses.ts'
import type { Query, QueryHeader } from './query.ts'
import { recordType, type DnsRecord } from './record.ts'

export interface Response {
  readonly rcode: number
  /** Whether the answer is about our own names. */
  readonly authoritative: boolean
  readonly answers?: readonly DnsRecord[]
  readonly authorities?: readonly DnsRecord[]
  readonly additionals?: Iterable<DnsRecord>
}

const headerBytes = 12
export const optBytes = 11
/** Largest answer over UDP that no common link splits (DNS flag day 2020), and the size that we say we take. */
export const udpPayloadBytes = 1232

/** How long an answer to this query may be over UDP. */
export function udpLimit({ edns }: Query): number {
  return Math.min(Math.max(edns?.udpPayloadBytes ?? 512, 512), udpPayloadBytes)
}

/**
 * The packet of a response, at most `limitBytes` long. Where not all answers fit, it has those that do and says that it
 * is truncated, so that the asker comes again over TCP; additional records are left out silently. Names are compressed.
 */
export function encodeResponse(query: Query, response: Response, limitBytes: number): Buffer {
  const { rcode, authoritative, answers = [], authorities = [], additionals = [] } = response
  const edns = query.edns !== undefined
  const writer = new Writer(limitBytes - (edns ? optBytes : 0), query)
  const answered = writer.records(answers)
  const authorized = writer.records(authorities)
  const added = writer.records(additionals)
  const truncated = answered < answers.length
  if (query.edns !== undefined) writer.opt(rcode >> 4, query.edns.dnssecOk)
  const flags = headerFlags(query.header, rcode) | (authoritative ? 0x0400 : 0) | (truncated ? 0x0200 : 0)
  return writer.finish(query.header.id, flags, [1, answered, authorized, added + (edns ? 1 : 0)])
}

/** The answer to a packet of which not even the question could be read. */
export function encodeBareError(header: QueryHeader, rcode: number): Buffer {
  const packet = Buffer.alloc(headerBytes)
  packet.writeUInt16BE(header.id, 0)
  packet.writeUInt16BE(headerFlags(header, rcode), 2)
  return packet
}

/** A response, from a server that offers recursion. */
export function headerFlags({ opcode, recursionDesired, checkingDisabled }: QueryHeader, rcode: number): number {
  return 0x8080 | (opcode << 11) | (recursionDesired ? 0x0100 : 0) | (checkingDisabled ? 0x0010 : 0) | (rcode & 15)
}

/** Writes an OPT record without options (RFC 6891 6.1.2), `optBytes` long. */
export function writeOpt(packet: Buffer, offset: number, given: { extendedRcode: number; dnssecOk: boolean }): void {
  packet.fill(0, offset, offset + optBytes)
  packet.writeUInt16BE(recordType.OPT, offset + 1)
  packet.writeUInt16BE(udpPayloadBytes, offset + 3)
  packet.writeUInt8(given.extendedRcode, offset + 5)
  packet.writeUInt8(given.dnssecOk ? 0x80 : 0, offset + 7)
}

/** Thrown to leave a record that does not fit; one for all, because nobody looks where it came from. */
class Full extends Error {}
const full = new Full()

class Writer {
  readonly #packet: Buffer
  readonly #limit: number
  readonly #query: Query
  /** Where a name, or the tail of one, has been written; from the first name on that is not the question's. */
  #offsets: Map<string, number> | undefined
  #end: number

  constructor(limitBytes: number, query: Query) {
    this.#limit = limitBytes
    this.#packet = Buffer.allocUnsafe(limitBytes + optBytes)
    this.#query = query
    this.#end = headerBytes + query.questionBytes.copy(this.#packet, headerBytes)
  }

  /** Writes whole records as long as they fit; returns how many. */
  records(records: Iterable<DnsRecord>): number {
    let written = 0
    for (const record of records) {
      const start = this.#end
      try {
        this.#record(record)
      } catch (error) {
        if (!(error instanceof Full)) throw error
        this.#end = start
        this.#forgetFrom(start)
        return written
      }
      written += 1
    }
    return written
  }

  opt(extendedRcode: number, dnssecOk: boolean): void {
    writeOpt(this.#packet, this.#end, { extendedRcode, dnssecOk })
    this.#end += optBytes
  }

  finish(id: number, flags: number, counts: readonly [number, number, number, number]): Buffer {
    for (const [index, value] of [id, flags, ...counts].entries()) this.#packet.writeUInt16BE(value, index * 2)
    return this.#packet.subarray(0, this.#end)
  }

  #record(record: DnsRecord): void {
    if (record.name === this.#query.question.name) this.#u16(0xc000 | headerBytes)
    else this.#name(record.name)
    this.#u16(recordType[record.type])
    this.#u16(1)
    this.#u32(record.ttlSeconds)
    const lengthAt = this.#end
    this.#u16(0)
    this.#data(record)
    this.#packet.writeUInt16BE(this.#end - lengthAt - 2, lengthAt)
  }

  #data(record: DnsRecord): void {
    switch (record.type) {
      case 'A':
        return this.#u32(parseIPv4(record.address) ?? 0)
      case 'AAAA':
        return this.#bytes(ipv6Bytes(record.address))
      case 'CNAME':
      case 'NS':
      case 'PTR':
        return this.#name(record.target)
      case 'TXT':
        return this.#label(record.text)
      case 'SRV':
        for (const value of [record.priority, record.weight, record.port]) this.#u16(value)
        // Targets of SRV are not compressed (RFC 2782).
        return this.#plainName(record.target)
      case 'SOA':
        this.#name(record.primary)
        this.#name(record.mailbox)
        for (const value of [record.serial, record.refreshSeconds, record.retrySeconds]) this.#u32(value)
        for (const value of [record.expireSeconds, record.minimumSeconds]) this.#u32(value)
        return
      default:
        return record satisfies never
    }
  }

  #name(name: string): void {
    this.#offsets ??= tailsOf(this.#query)
    let rest = name
    while (rest !== '') {
      const offset = this.#offsets.get(rest)
      if (offset !== undefined) return this.#u16(0xc000 | offset)
      if (this.#end < 0x4000) this.#offsets.set(rest, this.#end)
      const dot = rest.indexOf('.')
      this.#label(dot < 0 ? rest : rest.slice(0, dot))
      rest = dot < 0 ? '' : rest.slice(dot + 1)
    }
    this.#octet(0)
  }

  #plainName(name: string): void {
    for (let start = 0; start < name.length; ) {
      const dot = name.indexOf('.', start)
      const end = dot < 0 ? name.length : dot
      this.#label(name.slice(start, end))
      start = end + 1
    }
    this.#octet(0)
  }

  #label(label: string): void {
    this.#octet(label.length)
    this.#reserve(label.length)
    this.#end += this.#packet.write(label, this.#end, 'latin1')
  }

  #octet(value: number): void {
    this.#reserve(1)
    this.#end = this.#packet.writeUInt8(value, this.#end)
  }

  #u16(value: number): void {
    this.#reserve(2)
    this.#end = this.#packet.writeUInt16BE(value, this.#end)
  }

  #u32(value: number): void {
    this.#reserve(4)
    this.#end = this.#packet.writeUInt32BE(value >>> 0, this.#end)
  }

  #bytes(bytes: Uint8Array): void {
    this.#reserve(bytes.length)
    this.#packet.set(bytes, this.#end)
    this.#end += bytes.length
  }

  #forgetFrom(start: number): void {
    for (const [name, offset] of this.#offsets ?? []) if (offset >= start) this.#offsets?.delete(name)
  }

  #reserve(count: number): void {
    if (this.#end + count > this.#limit) throw full
  }
}

/** Where the question has its name and the tails of it. None if its labels have dots in them, which texts cannot tell. */
function tailsOf({ question: { name, labels } }: Query): Map<string, number> {
  const tails = new Map<string, number>()
  if (name.split('.').length !== labels.length) return tails
  for (let start = 0; start >= 0; ) {
    tails.set(name.slice(start), headerBytes + start)
    const dot = name.indexOf('.', start)
    start = dot < 0 ? -1 : dot + 1
  }
  return tails
}
