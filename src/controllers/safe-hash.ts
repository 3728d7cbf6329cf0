/** Letters and digits that form no words and are not mistaken for one another. */
const alphabet = 'bcdfghjklmnpqrstvwxz2456789'
const offsetBasis = 0x811c9dc5
const prime = 0x01000193

/** A short hash that can be part of a name: FNV-1a of 32 bits over UTF-8 in safe letters, e.g. `5d8c7b9f46`. */
export function safeHash(text: string): string {
  let hash = offsetBasis
  for (const byte of Buffer.from(text)) hash = Math.imul(hash ^ byte, prime)
  return inSafeLetters(hash)
}

/** The same by FNV-1, which multiplies before it mixes in: upstream has this for ControllerRevisions. */
export function safeRevisionHash(text: string): string {
  let hash = offsetBasis
  for (const byte of Buffer.from(text)) hash = Math.imul(hash, prime) ^ byte
  return inSafeLetters(hash)
}

/** Decimal digits in upstream's safe alphabet (k8s.io/apimachinery/pkg/util/rand `SafeEncodeString`). */
function inSafeLetters(hash: number): string {
  return Array.from(String(hash >>> 0), (digit) => alphabet[digit.charCodeAt(0) % alphabet.length]).join('')
}
