import { expect, test } from 'vitest'
import { fnv1, fnv1a } from './fnv.ts'

// The authors' own test vectors.
test.for([
  ['', 0x811c9dc5, 0x811c9dc5],
  ['a', 0x050c5d7e, 0xe40c292c],
  ['foobar', 0x31f0b262, 0xbf9cf968],
] as const)('%j', ([text, one, oneA]) => {
  expect([fnv1(text), fnv1a(text)]).toEqual([one, oneA])
})
