import { expect, test } from 'vitest'
import { Claims } from './claims.ts'

const a = { set: 's', key: 'k', value: 'a' }
const b = { set: 's', key: 'k', value: 'b' }
const c = { set: 's', key: 'k', value: 'c' }

test('a key is there as long as one owner claims it', () => {
  const claims = new Claims()
  const element = { set: 'hairpin', key: '10.0.0.1 . 10.0.0.1' }
  claims.change('one', [{ before: undefined, after: element }])
  expect(claims.take()).toEqual([{ before: undefined, after: element }])
  claims.change('two', [{ before: undefined, after: element }])
  claims.change('one', [{ before: element, after: undefined }])
  expect(claims.take()).toEqual([])
  claims.change('two', [{ before: element, after: undefined }])
  expect(claims.take()).toEqual([{ before: element, after: undefined }])
  expect(claims.all()).toEqual([])
})

test('the first owner by name decides, whoever came first', () => {
  const claims = new Claims()
  claims.change('b', [{ before: undefined, after: b }])
  claims.change('c', [{ before: undefined, after: c }])
  expect(claims.take()).toEqual([{ before: undefined, after: b }])
  claims.change('a', [{ before: undefined, after: a }])
  expect(claims.take()).toEqual([{ before: b, after: a }])
  claims.change('b', [{ before: b, after: undefined }])
  expect(claims.take()).toEqual([])
  claims.change('a', [{ before: a, after: undefined }])
  expect(claims.take()).toEqual([{ before: a, after: c }])
  expect(claims.all()).toEqual([c])
})

test('changes that undo each other come to nothing', () => {
  const claims = new Claims()
  claims.change('one', [{ before: undefined, after: a }])
  claims.take()
  claims.change('one', [{ before: a, after: b }])
  claims.change('one', [{ before: b, after: a }])
  expect(claims.take()).toEqual([])
  claims.change('one', [{ before: a, after: b }])
  claims.change('one', [{ before: b, after: c }])
  expect(claims.take()).toEqual([{ before: a, after: c }])
})
