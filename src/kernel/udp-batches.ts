import { formatIPv4 } from '../base/ip.ts'
import { type Peer, socketAddressBytes, type SocketCalls, writeSocketAddress } from './socket-calls.ts'

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
    this.#received = new MessageMemory(slots, receivedBytes, calls)
    this.#sent = new MessageMemory(1 + slots, sentBytes, calls)
  }

  /** Has a packet answered that has come already, and those that wait behind it in the socket, as many as one call takes. */
  exchange(taker: BatchTaker, first: Buffer, from: Peer): void {
    let filled = this.#answer(taker, first, from, 0)
    const count = this.#calls.receive(this.#descriptor, this.#received.headerAddress(0), slots)
    for (let slot = 0; slot < count; slot += 1) {
      filled = this.#answer(taker, this.#received.packet(slot), this.#peer(this.#received.names, slot), filled)
    }
    this.#send(filled, taker)
  }

  /** Puts the answer, if there is one, behind those that are `filled` in already. Returns how many are then. */
  #answer(taker: BatchTaker, packet: Buffer, from: Peer, filled: number): number {
    const answer = taker.answer(packet, from)
    if (answer === undefined) return filled
    if (answer.length > sentBytes) {
      taker.sendAlone(answer, from)
      return filled
    }
    writeSocketAddress(this.#sent.names, filled * socketAddressBytes, from)
    this.#sent.fill(filled, answer)
    return filled + 1
  }

  #send(count: number, taker: BatchTaker): void {
    for (let next = 0; next < count; next += 1) {
      next += Math.max(0, this.#calls.send(this.#descriptor, this.#sent.headerAddress(next), count - next))
      // The one that stopped the rest; why, is told when it is tried again.
      if (next < count) taker.sendAlone(this.#sent.packet(next), this.#peer(this.#sent.names, next))
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

/** What recvmmsg(2) and sendmmsg(2) are told of: in each slot a packet and an address. The kernel writes to it: it must outlive the calls. */
class MessageMemory {
  readonly names: Buffer
  readonly #packetBytes: number
  readonly #packets: Buffer
  readonly #vectors: Buffer
  readonly #headers: Buffer
  readonly #headersAddress: bigint

  constructor(slots: number, packetBytes: number, { addressOf }: SocketCalls) {
    this.names = Buffer.alloc(slots * socketAddressBytes)
    this.#packetBytes = packetBytes
    this.#packets = Buffer.alloc(slots * packetBytes)
    this.#vectors = Buffer.alloc(slots * vectorBytes)
    this.#headers = Buffer.alloc(slots * headerBytes)
    this.#headersAddress = addressOf(this.#headers)
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
    return slot === 0 ? this.#headersAddress : this.#headersAddress + BigInt(slot * headerBytes)
  }

  /** A copy of what is in a slot: as much as was received there, or filled in. */
  packet(slot: number): Buffer {
    const start = slot * this.#packetBytes
    const packet = Buffer.allocUnsafe(this.#headers.readUInt32LE(slot * headerBytes + messageLengthAt))
    this.#packets.copy(packet, 0, start, start + packet.length)
    return packet
  }

  fill(slot: number, packet: Buffer): void {
    packet.copy(this.#packets, slot * this.#packetBytes)
    this.#vectors.writeUInt32LE(packet.length, slot * vectorBytes + vectorLengthAt)
    this.#headers.writeUInt32LE(packet.length, slot * headerBytes + messageLengthAt)
  }
}
