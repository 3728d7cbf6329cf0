/** gRPC's messages: a byte that says whether it is compressed, four of length (big endian), then the message itself. */
const headerLength = 5

export function frame(message: Uint8Array): Uint8Array {
  const bytes = Buffer.alloc(headerLength + message.length)
  bytes.writeUInt32BE(message.length, 1)
  bytes.set(message, headerLength)
  return bytes
}

/** Cuts a stream of bytes into messages. */
export class FrameReader {
  #chunks: Uint8Array[] = []
  #buffered = 0

  /** The messages that this chunk completes. Throws on a compressed message: none is ever asked for. */
  push(chunk: Uint8Array): readonly Uint8Array[] {
    this.#chunks.push(chunk)
    this.#buffered += chunk.length
    const messages: Uint8Array[] = []
    while (this.#buffered >= headerLength) {
      const head = this.#join(headerLength)
      if (head[0] !== 0) throw new Error('compressed message')
      const end = headerLength + head.readUInt32BE(1)
      if (this.#buffered < end) break
      const bytes = this.#join(end)
      messages.push(bytes.subarray(headerLength, end))
      this.#chunks = [bytes.subarray(end), ...this.#chunks.slice(1)]
      this.#buffered -= end
    }
    return messages
  }

  /** The first chunk, made at least this long. Copies only when a message is spread over chunks. */
  #join(length: number): Buffer {
    const [first] = this.#chunks
    const long = first !== undefined && first.length >= length ? first : Buffer.concat(this.#chunks)
    if (long !== first) this.#chunks = [long]
    return Buffer.from(long.buffer, long.byteOffset, long.byteLength)
  }
}
