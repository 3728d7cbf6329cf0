import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { annotationNames } from './annotations.ts'

test('docs/ingress.md lists the annotations that there are', () => {
  const docs = readFileSync(new URL('../../../docs/ingress.md', import.meta.url), 'utf8')
  const listed = [...docs.matchAll(/^\| `([a-z-]+)` \|/gm)].map(([, name]) => name)
  expect(listed.sort()).toEqual([...annotationNames].sort())
})
