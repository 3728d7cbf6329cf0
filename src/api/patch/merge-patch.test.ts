import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { applyMergePatch } from './merge-patch.ts'

// The examples of RFC 7386, appendix A.
test.each([
  [{ a: 'b' }, { a: 'c' }, { a: 'c' }],
  [{ a: 'b' }, { b: 'c' }, { a: 'b', b: 'c' }],
  [{ a: 'b' }, { a: null }, {}],
  [{ a: 'b', b: 'c' }, { a: null }, { b: 'c' }],
  [{ a: ['b'] }, { a: 'c' }, { a: 'c' }],
  [{ a: 'c' }, { a: ['b'] }, { a: ['b'] }],
  [{ a: { b: 'c' } }, { a: { b: 'd', c: null } }, { a: { b: 'd' } }],
  [{ a: [{ b: 'c' }] }, { a: [1] }, { a: [1] }],
  [['a', 'b'], ['c', 'd'], ['c', 'd']],
  [{ a: 'b' }, ['c'], ['c']],
  [{ a: 'foo' }, null, null],
  [{ a: 'foo' }, 'bar', 'bar'],
  [{ e: null }, { a: 1 }, { e: null, a: 1 }],
  [[1, 2], { a: 'b', c: null }, { a: 'b' }],
  [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
])('%j with %j', (original, patch, expected) => {
  expect(applyMergePatch(original, patch)).toEqual(expected)
})

const { withoutNulls } = fc.letrec<{ withoutNulls: Tree; value: Tree | string | number | string[] }>((tie) => ({
  withoutNulls: fc.dictionary(fc.constantFrom('a', 'b', 'c'), tie('value'), { maxKeys: 3 }),
  value: fc.oneof({ maxDepth: 3 }, fc.string(), fc.integer(), fc.array(fc.string()), tie('withoutNulls')),
}))

test('the patch from one object to another makes the other, and changes neither', () => {
  fc.assert(
    fc.property(withoutNulls, withoutNulls, (from, to) => {
      const before = JSON.stringify([from, to])
      const patch = diff(from, to)
      expect(applyMergePatch(from, patch)).toEqual(to)
      expect(applyMergePatch(to, {})).toEqual(to)
      expect(JSON.stringify([from, to])).toBe(before)
    }),
  )
})

test('prototypes stay out of reach', () => {
  const patched = applyMergePatch({}, JSON.parse('{"__proto__": {"polluted": 1}, "constructor": {"polluted": 1}}'))
  expect(patched).not.toHaveProperty('polluted')
  expect({}).not.toHaveProperty('polluted')
  expect(Object).not.toHaveProperty('polluted')
})

interface Tree {
  [key: string]: Tree | string | number | string[]
}

function diff(from: Tree, to: Tree): unknown {
  const removed = Object.keys(from).filter((key) => !Object.hasOwn(to, key))
  const changed = Object.entries(to).map(([key, value]) => {
    const before = from[key]
    return [key, isTree(before) && isTree(value) ? diff(before, value) : value]
  })
  return { ...Object.fromEntries(removed.map((key) => [key, null])), ...Object.fromEntries(changed) }
}

function isTree(value: unknown): value is Tree {
  return typeof value === 'object' && !Array.isArray(value)
}
