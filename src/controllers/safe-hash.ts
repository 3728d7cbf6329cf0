import { fnv1, fnv1a } from '../base/fnv.ts'

/** Letters and digits that form no words and are not mistaken for one another. */
const alphabet = 'bcdfghjklmnpqrstvwxz2456789'

/** A short hash that can be part of a name: FNV-1a of 32 bits over UTF-8 in safe letters, e.g. `5d8c7b9f46`. */
export function safeHash(text: string): string {
  return inSafeLetters(fnv1a(text))
}

/** The same by FNV-1, which multiplies before it mixes in: upstream has this for ControllerRevisions. */
export function safeRevisionHash(text: string): string {
  return inSafeLetters(fnv1(text))
}

/** Decimal digits in upstream's safe alphabet (k8s.io/apimachinery/pkg/util/rand `SafeEncodeString`). */
function inSafeLetters(hash: number): string {
  return Array.from(String(hash), (digit) => alphabet[digit.charCodeAt(0) % alphabet.length]).join('')
}
