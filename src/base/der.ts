/** One value in DER (ITU-T X.690). */
export interface DerValue {
  /** Class, form and number in one octet: 0x30 is a SEQUENCE. */
  readonly tag: number
  readonly content: Buffer
  /** With tag and length, as it is signed. */
  readonly whole: Buffer
}

/** Bytes that are not DER, or not of the expected shape. */
export class DerError extends Error {
  override readonly name = 'DerError'
}

export const derTag = {
  bitString: 0x03,
  octetString: 0x04,
  oid: 0x06,
  sequence: 0x30,
  set: 0x31,
} as const

/** The one value that the bytes are. Throws `DerError`. */
export function readDer(bytes: Buffer): DerValue {
  const value = first(bytes)
  if (value.whole.length !== bytes.length) throw new DerError('there are bytes after the end')
  return value
}

/** The values in a SEQUENCE, a SET, or another value that has the tag. Throws `DerError`. */
export function itemsOf({ tag, content }: DerValue, wanted: number = derTag.sequence): readonly DerValue[] {
  if (tag !== wanted) throw new DerError(`a value has the tag ${tag} where ${wanted} is expected`)
  const items: DerValue[] = []
  for (let rest = content; rest.length > 0; ) {
    const value = first(rest)
    items.push(value)
    rest = rest.subarray(value.whole.length)
  }
  return items
}

/** `2.5.4.3`. Throws `DerError`. */
export function oidOf(value: DerValue | undefined): string {
  if (value?.tag !== derTag.oid || value.content.length === 0) throw new DerError('there is no object identifier')
  const arcs: number[] = []
  let arc = 0
  for (const octet of value.content) {
    arc = arc * 128 + (octet & 0x7f)
    if (octet >= 0x80) continue
    arcs.push(arc)
    arc = 0
  }
  const [head = 0, ...rest] = arcs
  const root = Math.min(2, Math.floor(head / 40))
  return [root, head - root * 40, ...rest].join('.')
}

function first(bytes: Buffer): DerValue {
  const tag = bytes[0]
  const initial = bytes[1]
  if (tag === undefined || initial === undefined) throw new DerError('it ends too early')
  const octets = initial < 0x80 ? 0 : initial & 0x7f
  if (initial === 0x80 || octets > 4) throw new DerError('a length is not in DER')
  const start = 2 + octets
  if (bytes.length < start) throw new DerError('it ends too early')
  const length = octets === 0 ? initial : bytes.readUIntBE(2, octets)
  if (bytes.length < start + length) throw new DerError('it ends too early')
  return { tag, content: bytes.subarray(start, start + length), whole: bytes.subarray(0, start + length) }
}
