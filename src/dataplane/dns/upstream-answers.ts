import { isIPv4, isIPv6 } from 'node:net'
import { recordType, type DnsRecord } from './record.ts'

export interface UpstreamAnswers {
  readonly rcode: number
  readonly answers: readonly DnsRecord[]
}

/** Pointers that one name may go through; real ones need one or two. */
const maxJumps = 16
const headerBytes = 12

/**
 * Addresses and aliases in an upstream's answer, in its order; other records are left out. Undefined if the packet
 * cannot be read. Time is linear in its length.
 */
export function readUpstreamAnswers(packet: Buffer): UpstreamAnswers | undefined {
  try {
    return { rcode: packet.readUInt16BE(2) & 15, answers: readAnswers(packet) }
  } catch (error) {
    // Reading past the end of a buffer, or our own finding that a name leads nowhere.
    if (error instanceof RangeError) return undefined
    throw error
  }
}

function readAnswers(packet: Buffer): readonly DnsRecord[] {
  let offset = headerBytes
  for (let count = packet.readUInt16BE(4); count > 0; count -= 1) offset = readName(packet, offset).end + 4
  const answers: DnsRecord[] = []
  for (let count = packet.readUInt16BE(6); count > 0; count -= 1) {
    const { name, end } = readName(packet, offset)
    const dataAt = end + 10
    const length = packet.readUInt16BE(end + 8)
    const record = readData(packet, packet.readUInt16BE(end), dataAt, length)
    if (record !== undefined) answers.push({ name, ttlSeconds: packet.readUInt32BE(end + 4), ...record })
    offset = dataAt + length
  }
  return answers
}

type Data = { type: 'A' | 'AAAA'; address: string } | { type: 'CNAME'; target: string }

function readData(packet: Buffer, type: number, offset: number, length: number): Data | undefined {
  switch (type) {
    case recordType.A: {
      const address = [...packet.subarray(offset, offset + length)].join('.')
      return isIPv4(address) ? { type: 'A', address } : undefined
    }
    case recordType.AAAA: {
      const address = packet.toString('hex', offset, offset + length).replaceAll(/(?<=.)(?=(?:.{4})+$)/g, ':')
      return isIPv6(address) ? { type: 'AAAA', address } : undefined
    }
    case recordType.CNAME:
      return { type: 'CNAME', target: readName(packet, offset).name }
    default:
      return undefined
  }
}

function readName(packet: Buffer, start: number): { name: string; end: number } {
  const labels: string[] = []
  let [offset, end, jumps, octets] = [start, -1, 0, 0]
  for (;;) {
    const length = packet.readUInt8(offset)
    if (length >= 0xc0) {
      if (end < 0) end = offset + 2
      jumps += 1
      offset = packet.readUInt16BE(offset) & 0x3fff
    } else {
      offset += 1
      if (length === 0) return { name: labels.join('.'), end: end < 0 ? offset : end }
      labels.push(packet.toString('latin1', offset, offset + length))
      offset += length
      octets += length + 1
    }
    const unknownKind = length > 63 && length < 0xc0
    if (jumps > maxJumps || octets > 254 || unknownKind) throw new RangeError('a name that leads nowhere')
  }
}
