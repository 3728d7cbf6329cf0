/** Pointers that one name may go through; real ones need one or two. */
const maxJumps = 16

/** The offset after a name. Throws `RangeError` for one that is cut off or none. */
export function skipName(packet: Buffer, start: number): number {
  for (let offset = start; ; ) {
    const length = packet.readUInt8(offset)
    if (length === 0) return offset + 1
    if (length >= 0xc0) return offset + 2
    if (length > 63) throw new RangeError('a label of unknown kind')
    offset += 1 + length
  }
}

/** A name, compressed or not. Throws `RangeError` for one that is cut off, too long, or leads nowhere. */
export function readName(packet: Buffer, start: number): string {
  const labels: string[] = []
  let [offset, jumps, octets] = [start, 0, 0]
  for (;;) {
    const length = packet.readUInt8(offset)
    if (length === 0) return labels.join('.')
    if (length >= 0xc0) {
      jumps += 1
      offset = packet.readUInt16BE(offset) & 0x3fff
    } else {
      labels.push(packet.toString('latin1', offset + 1, offset + 1 + length))
      offset += 1 + length
      octets += length + 1
    }
    const unknownKind = length > 63 && length < 0xc0
    if (jumps > maxJumps || octets > 254 || unknownKind) throw new RangeError('a name that leads nowhere')
  }
}
