import { isIPv4, isIPv6 } from 'node:net'
import type { Query } from '../query.ts'
import { rcode, recordType, type DnsRecord } from '../record.ts'
import { headerFlags, optBytes, writeOpt } from '../response.ts'
import { readName, skipName } from './names.ts'

/** What a name server elsewhere has answered, read as far as it takes to pass it on, to keep it and to cut it. */
export interface ExternalAnswer {
  readonly rcode: number
  /** Whether it says that not all of it is there. */
  readonly truncated: boolean
  /** Whether it says that its data are proven (RFC 4035). */
  readonly authenticData: boolean
  /** Header, question and records, in which names may point to what is before them. */
  readonly packet: Buffer
  /** Without OPT, which belongs to the connection, and without what comes after it. */
  readonly records: readonly ExternalRecord[]
}

interface ExternalRecord {
  /** 0 for answers, 1 for authorities, 2 for additional records. */
  readonly section: number
  readonly type: number
  readonly start: number
  /** Where its type is. */
  readonly fields: number
  readonly end: number
}

const headerBytes = 12

/** Undefined for a packet that is not whole. Time is linear in its length. */
export function readExternalAnswer(packet: Buffer): ExternalAnswer | undefined {
  try {
    const [upper, lower] = [packet.readUInt8(2), packet.readUInt8(3)]
    // Errors may come without the question.
    const hasQuestion = packet.readUInt16BE(4) === 1
    return {
      rcode: lower & 15,
      truncated: (upper & 0x02) !== 0,
      authenticData: (lower & 0x20) !== 0,
      packet,
      records: hasQuestion ? readRecords(packet, skipName(packet, headerBytes) + 4) : [],
    }
  } catch (error) {
    // Reading past the end of the packet, or our own finding that a name is none.
    if (error instanceof RangeError) return undefined
    throw error
  }
}

function readRecords(packet: Buffer, questionEnd: number): readonly ExternalRecord[] {
  const counts = [6, 8, 10].map((offset) => packet.readUInt16BE(offset))
  const records: ExternalRecord[] = []
  let start = questionEnd
  for (const [section, count] of counts.entries()) {
    for (let index = 0; index < count; index += 1) {
      const fields = skipName(packet, start)
      const type = packet.readUInt16BE(fields)
      const end = fields + 10 + packet.readUInt16BE(fields + 8)
      if (end > packet.length) throw new RangeError('a record is cut off')
      if (type === recordType.OPT) return records
      records.push({ section, type, start, fields, end })
      start = end
    }
  }
  return records
}

/**
 * For how long it may be kept: as long as all of its records live, and for one that says that there is nothing, as long
 * as its SOA record allows (RFC 2308). 0: not at all.
 */
export function lifetimeSeconds(answer: ExternalAnswer): number {
  const { records, packet } = answer
  if (answer.truncated || (answer.rcode !== rcode.noError && answer.rcode !== rcode.nameError)) return 0
  const ttls = records.map(({ fields }) => ttlAt(packet, fields))
  if (answer.rcode === rcode.noError && records.some(({ section }) => section === 0)) return Math.min(...ttls)
  const soa = records.find(({ section, type }) => section === 1 && type === recordType.SOA)
  return soa === undefined ? 0 : Math.min(...ttls, packet.readUInt32BE(soa.end - 4))
}

export interface Sending {
  /** How long ago it was received: its records live that much shorter. */
  readonly ageSeconds: number
  readonly limitBytes: number
}

/** The packet that answers a query with it: whole records, as many as fit, in its order. */
export function encodeExternalAnswer(answer: ExternalAnswer, query: Query, { ageSeconds, limitBytes }: Sending): Buffer {
  const { edns, header, questionBytes } = query
  const room = limitBytes - (edns === undefined ? 0 : optBytes)
  const fitting = answer.records.filter(({ end }) => end <= room)
  const end = fitting.at(-1)?.end ?? headerBytes + questionBytes.length
  const packet = Buffer.alloc(end + (edns === undefined ? 0 : optBytes))
  answer.packet.copy(packet, 0, 0, end)
  // The question as this asker wrote it; the answer's own has the same length.
  questionBytes.copy(packet, headerBytes)
  for (const { fields } of fitting) packet.writeUInt32BE(Math.max(0, ttlAt(packet, fields) - ageSeconds), fields + 4)
  if (edns !== undefined) writeOpt(packet, end, { extendedRcode: 0, dnssecOk: edns.dnssecOk })
  const inSection = (wanted: number) => fitting.filter(({ section }) => section === wanted).length
  const cut = answer.truncated || answer.records.some((record) => record.section === 0 && record.end > room)
  const flags = headerFlags(header, answer.rcode) | (cut ? 0x0200 : 0) | (answer.authenticData ? 0x0020 : 0)
  const counts = [1, inSection(0), inSection(1), inSection(2) + (edns === undefined ? 0 : 1)]
  for (const [index, value] of [header.id, flags, ...counts].entries()) packet.writeUInt16BE(value, index * 2)
  return packet
}

/** The addresses and aliases among its answers, in its order; undefined if a name in them leads nowhere. */
export function addressRecords({ packet, records }: ExternalAnswer, ageSeconds: number): readonly DnsRecord[] | undefined {
  try {
    return records.flatMap((record): DnsRecord[] => {
      if (record.section !== 0) return []
      const data = readData(packet, record)
      const ttlSeconds = Math.max(0, ttlAt(packet, record.fields) - ageSeconds)
      return data === undefined ? [] : [{ name: readName(packet, record.start), ttlSeconds, ...data }]
    })
  } catch (error) {
    if (error instanceof RangeError) return undefined
    throw error
  }
}

type Data = { type: 'A' | 'AAAA'; address: string } | { type: 'CNAME'; target: string }

function readData(packet: Buffer, { type, fields, end }: ExternalRecord): Data | undefined {
  const offset = fields + 10
  switch (type) {
    case recordType.A: {
      const address = [...packet.subarray(offset, end)].join('.')
      return isIPv4(address) ? { type: 'A', address } : undefined
    }
    case recordType.AAAA: {
      const address = packet.toString('hex', offset, end).replaceAll(/(?<=.)(?=(?:.{4})+$)/g, ':')
      return isIPv6(address) ? { type: 'AAAA', address } : undefined
    }
    case recordType.CNAME:
      return { type: 'CNAME', target: readName(packet, offset) }
    default:
      return undefined
  }
}

/** In seconds. Values of 2³¹ and more mean 0 (RFC 2181 8). */
function ttlAt(packet: Buffer, fields: number): number {
  const ttl = packet.readUInt32BE(fields + 4)
  return ttl < 0x80000000 ? ttl : 0
}
