import { formatIPv4 } from '../base/ip.ts'
import { socketAddressBytes, type SocketCalls } from './socket-calls.ts'

/** Where a packet is from. */
export interface Peer {
  readonly address: string
  readonly port: number
}

export interface BatchTaker {
  /** The answer to a packet, if there is one at once. The packet is its own from now on. */
  answer(packet: Buffer, from: Peer): Buffer | undefined
  /** Sends one that could not be sent with the others. */
  sendAlone(packet: Buffer, to: Peer): void
}

const slots = 64
/** Longer packets come without their ends. */
const receivedBytes = 4_096
/** Longer answers are sent alone. */
const sentBytes = 1_232
/** Texts of addresses that are kept, because the same few ask again and again. */
const mostAddresses = 4_096

/** Packets of an IPv4 socket, many with one system call each way. */
export class UdpBatches {
  readonly #descriptor: number
  readonly #calls: SocketCalls
  readonly #received: MessageMemory
  readonly #sent: MessageMemory
  readonly #addresses = new Map<number, string>()

  constructor(descriptor: number, calls: SocketCalls) {
    this.#descriptor = descriptor
    this.#calls = calls
    this.#received = new MessageMemory(receivedBytes, calls)
    this.#sent = new MessageMemory(sentBytes, calls)
  }

  /** Has those packets answered that wait in the socket, as many as one call takes. */
  exchange(taker: BatchTaker): void {
    const count = this.#calls.receive(this.#descriptor, this.#received.headersAddress, slots)
    let filled = 0
    for (let slot = 0; slot < count; slot += 1) {
      const from = this.#peer(this.#received.names, slot)
      const answer = taker.answer(this.#received.packet(slot), from)
      if (answer === undefined) continue
      if (answer.length > sentBytes) {
        taker.sendAlone(answer, from)
        continue
      }
      this.#sent.fill(filled, answer)
      this.#received.names.copy(this.#sent.names, filled * socketAddressBytes, slot * socketAddressBytes, (slot + 1) * socketAddressBytes)
      filled += 1
    }
    this.#send(filled, taker)
  }

  #send(count: number, taker: BatchTaker): void {
    for (let next = 0; next < count; ) {
      next += Math.max(0, this.#calls.send(this.#descriptor, this.#sent.headerAddress(next), count - next))
      // The one that stopped the rest; why, is told when it is tried again.
      if (next < count) taker.sendAlone(this.#sent.packet(next), this.#peer(this.#sent.names, next))
      next += 1
    }
  }

  #peer(names: Buffer, slot: number): Peer {
    const at = slot * socketAddressBytes
    return { address: this.#textOf(names.readUInt32BE(at + 4)), port: names.readUInt16BE(at + 2) }
  }

  #textOf(address: number): string {
    const known = this.#addresses.get(address)
    if (known !== undefined) return known
    const text = formatIPv4(address)
    if (this.#addresses.size >= mostAddresses) this.#addresses.clear()
    this.#addresses.set(address, text)
    return text
  }
}

const vectorBytes = 16
const headerBytes = 64
const [vectorLengthAt, messageLengthAt] = [8, 56]

/** What recvmmsg(2) and sendmmsg(2) are told of: in each slot a packet and an address. */
class MessageMemory {
  readonly headersAddress: bigint
  readonly names = Buffer.alloc(slots * socketAddressBytes)
  readonly #packetBytes: number
  readonly #packets: Buffer
  readonly #vectors = Buffer.alloc(slots * vectorBytes)
  readonly #headers = Buffer.alloc(slots * headerBytes)

  constructor(packetBytes: number, { addressOf }: SocketCalls) {
    this.#packetBytes = packetBytes
    this.#packets = Buffer.alloc(slots * packetBytes)
    this.headersAddress = addressOf(this.#headers)
    const [names, vectors, packets] = [addressOf(this.names), addressOf(this.#vectors), addressOf(this.#packets)]
    for (let slot = 0; slot < slots; slot += 1) {
      // struct iovec: base, length. struct mmsghdr: name, its length, vectors, their number, control, its length, flags, length.
      const [vector, header] = [slot * vectorBytes, slot * headerBytes]
      this.#vectors.writeBigUInt64LE(packets + BigInt(slot * packetBytes), vector)
      this.#vectors.writeUInt32LE(packetBytes, vector + vectorLengthAt)
      this.#headers.writeBigUInt64LE(names + BigInt(slot * socketAddressBytes), header)
      this.#headers.writeUInt32LE(socketAddressBytes, header + 8)
      this.#headers.writeBigUInt64LE(vectors + BigInt(vector), header + 16)
      this.#headers.writeBigUInt64LE(1n, header + 24)
    }
  }

  headerAddress(slot: number): bigint {
    return slot === 0 ? this.headersAddress : this.headersAddress + BigInt(slot * headerBytes)
  }

  /** A copy of what is in a slot: as much as was received there, or filled in. */
  packet(slot: number): Buffer {
    const start = slot * this.#packetBytes
    return Buffer.from(this.#packets.subarray(start, start + this.#headers.readUInt32LE(slot * headerBytes + messageLengthAt)))
  }

  fill(slot: number, packet: Buffer): void {
    packet.copy(this.#packets, slot * this.#packetBytes)
    this.#vectors.writeUInt32LE(packet.length, slot * vectorBytes + vectorLengthAt)
    this.#headers.writeUInt32LE(packet.length, slot * headerBytes + messageLengthAt)
  }
}
