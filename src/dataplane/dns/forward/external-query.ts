import { optBytes, writeOpt } from '../response.ts'
import type { Query } from '../query.ts'
import type { Question } from '../record.ts'

/** A question for name servers elsewhere, without what belongs to one asker alone. */
export interface ExternalQuery {
  readonly question: Question
  readonly questionBytes: Buffer
  readonly recursionDesired: boolean
  readonly authenticData: boolean
  readonly checkingDisabled: boolean
  readonly dnssecOk: boolean
}

export function externalQuery({ question, questionBytes, header, edns }: Query): ExternalQuery {
  const { recursionDesired, authenticData, checkingDisabled } = header
  const dnssecOk = edns?.dnssecOk ?? false
  return { question, questionBytes, recursionDesired, authenticData, checkingDisabled, dnssecOk }
}

/** The same for another name, which an alias leads to. */
export function externalQueryFor(query: Query, question: Question): ExternalQuery {
  return { ...externalQuery(query), question, questionBytes: questionBytesOf(question) }
}

/** Queries of one key get the same answer. */
export function keyOfQuery({ questionBytes, ...flags }: ExternalQuery): string {
  return `${flagsOf(flags)} ${flags.dnssecOk} ${questionBytes.toString('latin1').toLowerCase()}`
}

/** The packet; it says that larger answers than 512 octets are welcome. */
export function encodeQuery({ questionBytes, ...flags }: ExternalQuery, id: number): Buffer {
  const packet = Buffer.alloc(headerBytes + questionBytes.length + optBytes)
  packet.writeUInt16BE(id, 0)
  packet.writeUInt16BE(flagsOf(flags), 2)
  packet.writeUInt16BE(1, 4)
  packet.writeUInt16BE(1, 10)
  questionBytes.copy(packet, headerBytes)
  writeOpt(packet, headerBytes + questionBytes.length, { extendedRcode: 0, dnssecOk: flags.dnssecOk })
  return packet
}

const headerBytes = 12

type Flags = Pick<ExternalQuery, 'recursionDesired' | 'authenticData' | 'checkingDisabled'>

function flagsOf({ recursionDesired, authenticData, checkingDisabled }: Flags): number {
  return (recursionDesired ? 0x0100 : 0) | (authenticData ? 0x0020 : 0) | (checkingDisabled ? 0x0010 : 0)
}

function questionBytesOf({ name, type }: Question): Buffer {
  const labels = name === '' ? [] : name.split('.')
  const octets = labels.flatMap((label) => [Buffer.from([label.length]), Buffer.from(label, 'latin1')])
  return Buffer.concat([...octets, Buffer.from([0, type >> 8, type & 255, 0, 1])])
}
