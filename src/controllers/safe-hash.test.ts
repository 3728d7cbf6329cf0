import { expect, test } from 'vitest'
import { safeHash, safeRevisionHash } from './safe-hash.ts'

for (const [text, hash] of [
  // FNV-1a of 32 bits: 2166136261, 3826002220 and 3214735720.
  ['', '65bb57b6b5'],
  ['a', '7d6b446664'],
  ['foobar', '7658c79c64'],
]) {
  test(`of ${JSON.stringify(text)}`, () => {
    expect(safeHash(text ?? '')).toBe(hash)
  })
}

for (const [text, hash] of [
  // FNV-1 of 32 bits: 2166136261, 84696446 and 837857890.
  ['', '65bb57b6b5'],
  ['a', 'd8bfb88b'],
  ['foobar', 'd7cd9cdf4'],
]) {
  test(`of revisions: ${JSON.stringify(text)}`, () => {
    expect(safeRevisionHash(text ?? '')).toBe(hash)
  })
}
