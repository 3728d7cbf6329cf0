/** Letters and digits that form no words and are not mistaken for one another. */
const alphabet = 'bcdfghjklmnpqrstvwxz2456789'
const offsetBasis = 0x811c9dc5
const prime = 0x01000193

/**
 * A short hash that can be part of a name: FNV-1a of 32 bits over UTF-8, its decimal digits written in upstream's safe
 * alphabet (k8s.io/apimachinery/pkg/util/rand `SafeEncodeString`), e.g. `5d8c7b9f46`.
 */
export function safeHash(text: string): string {
  let hash = offsetBasis
  for (const byte of Buffer.from(text)) hash = Math.imul(hash ^ byte, prime)
  const digits = String(hash >>> 0)
  return Array.from(digits, (digit) => alphabet[digit.charCodeAt(0) % alphabet.length]).join('')
}
