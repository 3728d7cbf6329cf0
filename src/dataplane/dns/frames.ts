/** Messages over TCP, each with its length in two octets before it (RFC 1035 4.2.2). */
export function frame(packet: Buffer): Buffer {
  const length = Buffer.allocUnsafe(2)
  length.writeUInt16BE(packet.length)
  return Buffer.concat([length, packet])
}

/** Takes a stream apart into messages. */
export class Frames {
  #rest: Buffer = Buffer.alloc(0)

  /** The messages that this piece completes. */
  push(piece: Buffer): readonly Buffer[] {
    this.#rest = this.#rest.length === 0 ? piece : Buffer.concat([this.#rest, piece])
    const packets: Buffer[] = []
    while (this.#rest.length >= 2) {
      const end = 2 + this.#rest.readUInt16BE(0)
      if (this.#rest.length < end) break
      packets.push(this.#rest.subarray(2, end))
      this.#rest = this.#rest.subarray(end)
    }
    return packets
  }
}
