import { rcode, recordType, type Question } from './record.ts'

/** One query as it came, of which answers need: the rest of the packet is not looked at. */
export interface Query {
  readonly header: QueryHeader
  readonly question: Question
  /** The question's octets, which every answer repeats exactly (RFC 1035 4.1.2; the case may matter to the asker). */
  readonly questionBytes: Buffer
  /** Present if the asker speaks EDNS0 (RFC 6891). */
  readonly edns?: Edns
}

export interface Edns {
  readonly udpPayloadBytes: number
  /** Whether the asker wants the records of DNSSEC (RFC 3225). */
  readonly dnssecOk: boolean
}

/** What an answer repeats even if nothing else could be read. */
export interface QueryHeader {
  readonly id: number
  readonly opcode: number
  readonly recursionDesired: boolean
  /** Bits of DNSSEC (RFC 4035), for name servers elsewhere. */
  readonly authenticData: boolean
  readonly checkingDisabled: boolean
}

export type ParsedQuery =
  | { readonly outcome: 'query'; readonly query: Query }
  /** To be answered with an error; `query` is there if the question could be read. */
  | { readonly outcome: 'bad'; readonly rcode: number; readonly header: QueryHeader; readonly query?: Query }
  /** Not a query: an answer, or too short to have an id. Answering could start a loop. */
  | { readonly outcome: 'ignore' }

const headerBytes = 12
const classInternet = 1
const opcodeQuery = 0

class FormatError extends Error {
  override readonly name = 'FormatError'
}

/**
 * Reads a packet from anybody. Time is linear in its length: names in queries are not compressed, and names of further
 * records are skipped without following pointers. (dns-packet's `decode` follows them all, which takes it 0.5 s on a
 * packet of 64 KB made for it.)
 */
export function parseQuery(packet: Buffer): ParsedQuery {
  if (packet.length < headerBytes) return { outcome: 'ignore' }
  const flags = packet.readUInt16BE(2)
  if ((flags & 0x8000) !== 0) return { outcome: 'ignore' }
  const opcode = (flags >> 11) & 15
  const header = {
    id: packet.readUInt16BE(0),
    opcode,
    recursionDesired: (flags & 0x0100) !== 0,
    authenticData: (flags & 0x0020) !== 0,
    checkingDisabled: (flags & 0x0010) !== 0,
  }
  if (opcode !== opcodeQuery) return { outcome: 'bad', rcode: rcode.notImplemented, header }
  try {
    return readQuery(packet, header)
  } catch (error) {
    if (error instanceof FormatError) return { outcome: 'bad', rcode: rcode.formatError, header }
    throw error
  }
}

function readQuery(packet: Buffer, header: QueryHeader): ParsedQuery {
  if (packet.readUInt16BE(4) !== 1) throw new FormatError('not exactly one question')
  const { labels, name, end: nameEnd } = readName(packet, headerBytes)
  const end = nameEnd + 4
  if (end > packet.length) throw new FormatError('the question is cut off')
  const question = { labels, name, type: packet.readUInt16BE(nameEnd) }
  const opt = readOpt(packet, end)
  const query: Query = {
    header,
    question,
    questionBytes: packet.subarray(headerBytes, end),
    ...(opt === undefined ? {} : { edns: opt.edns }),
  }
  if (opt !== undefined && opt.version !== 0) return { outcome: 'bad', rcode: rcode.badVersion, header, query }
  if (packet.readUInt16BE(nameEnd + 2) !== classInternet) return { outcome: 'bad', rcode: rcode.refused, header, query }
  return { outcome: 'query', query }
}

function readName(packet: Buffer, start: number): { labels: string[]; name: string; end: number } {
  const written: string[] = []
  let offset = start
  for (;;) {
    const length = packet[offset]
    if (length === undefined || length > 63) throw new FormatError('a name is cut off or compressed')
    offset += 1
    if (length === 0) break
    if (offset + length > packet.length || offset + length - start > 254) throw new FormatError('a name is too long')
    written.push(packet.toString('latin1', offset, offset + length))
    offset += length
  }
  return { labels: written.map(lowerCase), name: written.join('.'), end: offset }
}

/** Only ASCII letters have case in DNS (RFC 4343). */
function lowerCase(label: string): string {
  return label.replace(/[A-Z]+/g, (letters) => letters.toLowerCase())
}

interface Opt {
  readonly edns: Edns
  readonly version: number
}

function readOpt(packet: Buffer, start: number): Opt | undefined {
  const before = packet.readUInt16BE(6) + packet.readUInt16BE(8)
  const total = before + packet.readUInt16BE(10)
  let found: Opt | undefined
  for (let index = 0, offset = start; index < total; index += 1) {
    const fields = skipName(packet, offset)
    if (fields + 10 > packet.length) throw new FormatError('a record is cut off')
    const dataBytes = packet.readUInt16BE(fields + 8)
    if (index >= before && packet.readUInt16BE(fields) === recordType.OPT) {
      if (found !== undefined || fields !== offset + 1) throw new FormatError('two OPT records, or one with a name')
      const dnssecOk = (packet.readUInt8(fields + 6) & 0x80) !== 0
      const edns = { udpPayloadBytes: packet.readUInt16BE(fields + 2), dnssecOk }
      found = { edns, version: packet.readUInt8(fields + 5) }
    }
    offset = fields + 10 + dataBytes
    if (offset > packet.length) throw new FormatError('a record is cut off')
  }
  return found
}

function skipName(packet: Buffer, start: number): number {
  for (let offset = start; ; ) {
    const length = packet[offset]
    if (length === undefined) throw new FormatError('a name is cut off')
    if (length === 0) return offset + 1
    if (length >= 0xc0) return offset + 2
    if (length > 63) throw new FormatError('a label of unknown kind')
    offset += 1 + length
  }
}
