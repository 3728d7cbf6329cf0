import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  describePaths,
  difference,
  hasPath,
  intersection,
  isEmptySet,
  parseFieldSet,
  recursiveDifference,
  setOfPath,
  sorted,
  union,
  type FieldSet,
} from './field-set.ts'

/** A set of paths such as `a.b`, each element a field. */
function setOf(...paths: string[]): FieldSet {
  return paths.map((path) => setOfPath(elementsOf(path))).reduce(union, {})
}

function elementsOf(path: string): string[] {
  return path.split('.').map((name) => `f:${name}`)
}

function pathsOf(set: FieldSet): string[] {
  return describePaths(set).map((path) => path.slice(1))
}

describe('fieldsV1', () => {
  for (const { name, json, paths } of [
    { name: 'of nothing', json: {}, paths: [] },
    { name: 'of a field', json: { 'f:a': {} }, paths: ['.a'] },
    { name: 'of a field and what is in it', json: { 'f:a': { '.': {}, 'f:b': {} } }, paths: ['.a', '.a.b'] },
    { name: 'of what is in a field', json: { 'f:a': { 'f:b': {} } }, paths: ['.a.b'] },
    {
      name: 'of items of lists',
      json: {
        'f:ports': { 'k:{"protocol":"TCP","port":80}': { '.': {}, 'f:name': {} } },
        'f:set': { 'v:"x"': {}, 'v:3': {}, 'v:true': {} },
        'f:list': { 'i:1': {} },
      },
      paths: [
        '.list[1]',
        '.ports[port=80,protocol="TCP"]',
        '.ports[port=80,protocol="TCP"].name',
        '.set[=3]',
        '.set[="x"]',
        '.set[=true]',
      ],
    },
    { name: 'with a mark on its root', json: { '.': {}, 'f:a': {} }, paths: ['.a'] },
    { name: 'with elements of a kind to come', json: { 'f:a': { 'z:b': {} }, 'q:c': 1 }, paths: ['.a'] },
  ]) {
    test(name, () => {
      expect(describePaths(parseFieldSet(json) ?? {})).toEqual(paths)
    })
  }

  const unreadable = [{ a: {} }, { 'f:a': 1 }, { 'f:a': null }, { 'k:x': {} }, { 'v:': {} }, { 'i:x': {} }]
  for (const json of [null, 1, [], 'f:a', ...unreadable]) {
    test(`is not ${JSON.stringify(json)}`, () => {
      expect(parseFieldSet(json)).toBeUndefined()
    })
  }

  test('has one spelling for one meaning', () => {
    const spelt = parseFieldSet({ 'k:{"b": 1.0, "a":"\\u0041"}': {}, 'i:01': {} })
    expect(spelt).toEqual({ 'k:{"a":"A","b":1}': {}, 'i:1': {} })
  })

  test('is in upstream\'s order: fields, keys, values, indexes, each by content', () => {
    const json = {
      'i:10': {},
      'i:9': {},
      'v:"a"': {},
      'v:10': {},
      'v:9': {},
      'k:{"name":"b"}': {},
      'k:{"name":"a"}': {},
      'k:{"port":10}': {},
      'k:{"port":9}': {},
      'f:b': { 'f:z': {}, 'f:y': {}, '.': {} },
      'f:a': {},
    }
    const set = parseFieldSet(json) ?? {}
    const text =
      '{"f:a":{},"f:b":{".":{},"f:y":{},"f:z":{}},"k:{\\"name\\":\\"a\\"}":{},"k:{\\"name\\":\\"b\\"}":{},' +
      '"k:{\\"port\\":9}":{},"k:{\\"port\\":10}":{},"v:9":{},"v:10":{},"v:\\"a\\"":{},"i:9":{},"i:10":{}}'
    const inOrder = sorted(set)
    expect(JSON.stringify(inOrder)).toBe(text)
    expect(sorted(inOrder)).toBe(inOrder)
  })
})

describe('two sets', () => {
  for (const { name, a, b, both, either, less, lessDeep } of [
    {
      name: 'that share a field',
      a: ['x', 'y'],
      b: ['y', 'z'],
      both: ['y'],
      either: ['x', 'y', 'z'],
      less: ['x'],
      lessDeep: ['x'],
    },
    {
      name: 'of a field and what is in it',
      a: ['x', 'x.y'],
      b: ['x'],
      both: ['x'],
      either: ['x', 'x.y'],
      less: ['x.y'],
      lessDeep: [],
    },
    {
      name: 'the other way round',
      a: ['x'],
      b: ['x', 'x.y'],
      both: ['x'],
      either: ['x', 'x.y'],
      less: [],
      lessDeep: [],
    },
    {
      name: 'of parts of one object',
      a: ['x.y', 'x.z.a'],
      b: ['x.z.b'],
      both: [],
      either: ['x.y', 'x.z.a', 'x.z.b'],
      less: ['x.y', 'x.z.a'],
      lessDeep: ['x.y', 'x.z.a'],
    },
  ]) {
    test(name, () => {
      const [left, right] = [setOf(...a), setOf(...b)]
      expect(pathsOf(intersection(left, right))).toEqual(both)
      expect(pathsOf(union(left, right))).toEqual(either)
      expect(pathsOf(difference(left, right))).toEqual(less)
      expect(pathsOf(recursiveDifference(left, right))).toEqual(lessDeep)
    })
  }

  const name = fc.constantFrom('a', 'b', 'c')
  const path = fc.array(name, { minLength: 1, maxLength: 4 }).map((names) => names.join('.'))
  const paths = fc.uniqueArray(path, { maxLength: 12 })

  test('of any kind behave as sets of paths', () => {
    fc.assert(
      fc.property(paths, paths, (a, b) => {
        const [left, right] = [setOf(...a), setOf(...b)]
        const sortedPaths = (set: FieldSet) => pathsOf(set).sort()
        expect(sortedPaths(union(left, right))).toEqual([...new Set([...a, ...b])].sort())
        expect(sortedPaths(intersection(left, right))).toEqual(a.filter((item) => b.includes(item)).sort())
        expect(sortedPaths(difference(left, right))).toEqual(a.filter((item) => !b.includes(item)).sort())
        const isUnder = (item: string) => b.some((other) => item === other || item.startsWith(`${other}.`))
        expect(sortedPaths(recursiveDifference(left, right))).toEqual(a.filter((item) => !isUnder(item)).sort())
        expect(isEmptySet(difference(left, left))).toBe(true)
        expect(a.every((item) => hasPath(left, elementsOf(item)))).toBe(true)
        expect(parseFieldSet(JSON.parse(JSON.stringify(left)))).toEqual(left)
      }),
    )
  })
})
