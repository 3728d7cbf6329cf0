import { expect, test } from 'vitest'
import { findKubectls } from '../kubectls.ts'
import { inTwoParts, typeChapter } from './type-chapter.ts'

/** With the newest kubectls of this machine; chapter-older.test.ts has the others, so that the two take as long. */
const { found, missing } = await findKubectls()

test('every kubectl is tried', ({ skip }) => {
  expect(found).not.toEqual([])
  skip(missing.length > 0, `not all of them: ${missing.join('; ')}`)
})

typeChapter(inTwoParts(found)[0], found[0])
