import { expect, test } from 'vitest'
import { Claims } from './claims.ts'

const a = { set: 's', key: 'k', value: 'a' }
const b = { set: 's', key: 'k', value: 'b' }
const c = { set: 's', key: 'k', value: 'c' }
const nothing = { removed: [], added: [] }

test('a key is there as long as one owner claims it', () => {
  const claims = new Claims()
  const element = { set: 'hairpin', key: '10.0.0.1 . 10.0.0.1' }
  claims.change('one', { removed: [], added: [element] })
  expect(claims.take()).toEqual({ removed: [], added: [element] })
  claims.change('two', { removed: [], added: [element] })
  claims.change('one', { removed: [element], added: [] })
  expect(claims.take()).toEqual(nothing)
  claims.change('two', { removed: [element], added: [] })
  expect(claims.take()).toEqual({ removed: [element], added: [] })
  expect(claims.all()).toEqual([])
})

test('the first owner by name decides, whoever came first', () => {
  const claims = new Claims()
  claims.change('b', { removed: [], added: [b] })
  claims.change('c', { removed: [], added: [c] })
  expect(claims.take()).toEqual({ removed: [], added: [b] })
  claims.change('a', { removed: [], added: [a] })
  expect(claims.take()).toEqual({ removed: [b], added: [a] })
  claims.change('b', { removed: [b], added: [] })
  expect(claims.take()).toEqual(nothing)
  claims.change('a', { removed: [a], added: [] })
  expect(claims.take()).toEqual({ removed: [a], added: [c] })
  expect(claims.all()).toEqual([c])
})

test('changes that undo each other come to nothing', () => {
  const claims = new Claims()
  claims.change('one', { removed: [], added: [a] })
  claims.take()
  claims.change('one', { removed: [a], added: [b] })
  claims.change('one', { removed: [b], added: [a] })
  expect(claims.take()).toEqual(nothing)
  claims.change('one', { removed: [a], added: [b] })
  claims.change('one', { removed: [b], added: [c] })
  expect(claims.take()).toEqual({ removed: [a], added: [c] })
})
