import { expect, test } from 'vitest'
import { findKubectls } from '../kubectls.ts'
import { inTwoParts, typeChapter } from './type-chapter.ts'

/** With the older kubectls of this machine, if it has so many. */
const { found } = await findKubectls()
const [newer, older] = inTwoParts(found)

test('no kubectl is left out, or tried twice', () => {
  expect([...newer, ...older]).toEqual(found)
})

typeChapter(older, undefined)
