const offsetBasis = 0x811c9dc5
const prime = 0x01000193

/** Hash of 32 bits, unsigned, over UTF-8 (http://www.isthe.com/chongo/tech/comp/fnv/). Not for secrets. */
export function fnv1a(text: string): number {
  let hash = offsetBasis
  for (const byte of Buffer.from(text)) hash = Math.imul(hash ^ byte, prime)
  return hash >>> 0
}

/** The same, but multiplied before each byte is mixed in. */
export function fnv1(text: string): number {
  let hash = offsetBasis
  for (const byte of Buffer.from(text)) hash = Math.imul(hash, prime) ^ byte
  return hash >>> 0
}
