/** No vowels and nothing that looks like another: a hash never spells a word (k8s.io/apimachinery/pkg/util/rand). */
const alphabet = 'bcdfghjklmnpqrstvwxz2456789'

/**
 * The hash that names a revision: 32-bit FNV-1 over its data, and over a number that is raised when two revisions fall
 * on one name; the decimal number in letters, as upstream's `HashControllerRevision` has it.
 */
export function revisionHash(data: string, collisionCount: number): string {
  const hash = fnv1(Buffer.from(`${data}${collisionCount}`))
  return [...String(hash)].map((digit) => alphabet[digit.charCodeAt(0) % alphabet.length]).join('')
}

function fnv1(bytes: Uint8Array): number {
  let hash = 0x811c9dc5
  for (const byte of bytes) hash = (Math.imul(hash, 0x01000193) ^ byte) >>> 0
  return hash
}
