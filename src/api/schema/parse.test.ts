import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { StatusError } from '../errors.ts'
import { findDuplicateFields, JsonSyntaxError } from './json-scanner.ts'
import { duplicateErrors, parseJson, parseYaml } from './parse.ts'

describe('JSON', () => {
  test.each([
    ['', 'unexpected end of JSON input'],
    ['{"a": ', 'unexpected end of JSON input'],
    ['"a', 'unexpected end of JSON input'],
    ['nope', "invalid character 'o' in literal null (expecting 'u')"],
    ['<html>', "invalid character '<' looking for beginning of value"],
    ['{a: 1}', "invalid character 'a' looking for beginning of object key string"],
    ['{"a": 1,}', "invalid character '}' looking for beginning of object key string"],
    ['{"a" 1}', "invalid character '1' after object key"],
    ['{"a": 1 "b"}', "invalid character '\"' after object key:value pair"],
    ['[1 2]', "invalid character '2' after array element"],
    ['{} x', "invalid character 'x' after top-level value"],
    ['"\n"', "invalid character '\\n' in string literal"],
    ['"\\x"', "invalid character 'x' in string escape code"],
    ['"\\u00g0"', "invalid character 'g' in \\u hexadecimal character escape"],
    ['-a', "invalid character 'a' in numeric literal"],
    ['1.x', "invalid character 'x' after decimal point in numeric literal"],
    ['1e', 'unexpected end of JSON input'],
    ["'", "invalid character '\\'' looking for beginning of value"],
    ['['.repeat(300), 'exceeded max depth'],
    ['['.repeat(1_000_000), 'exceeded max depth'],
  ])('%#: %j', (text, message) => {
    expect(() => parseJson(text)).toThrow(expect.objectContaining({ code: 400, message }))
  })

  test('many brackets that do not nest are fine', () => {
    const value = Array.from({ length: 1000 }, () => [{}])
    expect(parseJson(JSON.stringify(value)).value).toEqual(value)
  })

  test('repeated fields are found when asked for', () => {
    const text = `{"spec": {"ports": [{"port": 1}, {"port": 2, "name": "a", "port": 3}], "x": 1, "x": 2}, "spec": {}}`
    expect(parseJson(text).duplicates).toEqual([])
    expect(parseJson(text, true).duplicates).toEqual(
      ['spec.ports[1].port', 'spec.x', 'spec'].map((path) => `duplicate field "${path}"`),
    )
    expect(parseJson(String.raw`{"a": 1, "\u0061": 2}`, true)).toEqual({ value: { a: 2 }, duplicates: ['duplicate field "a"'] })
  })

  test('all that JSON.parse takes is scanned without complaint', () => {
    fc.assert(fc.property(fc.json(), (text) => void expect(findDuplicateFields(text)).toBeInstanceOf(Array)))
  })

  test('all that JSON.parse refuses, the scanner refuses', () => {
    const soup = fc.string({ unit: fc.constantFrom(...'{}[]",:\\u 019.-+eEtrufalsn\n') })
    fc.assert(fc.property(soup, (text) => void expect(scannerTakes(text)).toBe(jsonTakes(text))))
  })
})

describe('YAML', () => {
  test('is read as upstream reads it', () => {
    const scalars = 'a: 2026-01-01\nb: yes\nc: 1:30\nd: 017\ne: "yes"\nf: ~\n1: x\n'
    const text = `${scalars}base: &b {x: 1}\nderived:\n  <<: *b\n  z: 2\n`
    expect(parseYaml(text).value).toEqual({
      a: '2026-01-01',
      b: true,
      c: '1:30',
      d: 15,
      e: 'yes',
      f: null,
      1: 'x',
      base: { x: 1 },
      derived: { x: 1, z: 2 },
    })
  })

  test('takes JSON, nothing at all, and the first of several documents', () => {
    expect(parseYaml('{"a": [1]}').value).toEqual({ a: [1] })
    expect(parseYaml('').value).toBeNull()
    expect(parseYaml('a: 1\n---\nb: 2').value).toEqual({ a: 1 })
  })

  test('tells repeated keys', () => {
    const parsed = parseYaml('spec:\n  ports:\n  - port: 1\n    port:\n      2\n  1: x\n  1: y\nspec:\n  a: b\nspec:\n')
    const lines = ['line 5: key "port"', 'line 7: key 1', 'line 9: key "spec"', 'line 10: key "spec"']
    const duplicates = lines.map((line) => `${line} already set in map`)
    expect(parsed).toEqual({ value: { spec: null }, duplicates })
    expect(duplicateErrors(parsed)).toEqual([`yaml: unmarshal errors:\n  ${duplicates.join('\n  ')}`])
  })

  const bomb = `a: &a [x,x,x,x,x,x,x,x,x]\n${[...'bcdefgh']
    .map((name, index) => `${name}: &${name} [${Array(9).fill(`*${'abcdefgh'[index]}`).join(',')}]`)
    .join('\n')}`

  test.each([
    ['a: [1\nb: 2', /^error converting YAML to JSON: yaml: line \d: /],
    ['a: b: c', /^error converting YAML to JSON: yaml: line 1: /],
    ['a: *x', /^error converting YAML to JSON: yaml: .*[Uu]nresolved alias/],
    ['a: &a [*a]', /^error converting YAML to JSON: yaml: /],
    ['['.repeat(300), /exceeded max depth$/],
    ['{"a": '.repeat(300), /exceeded max depth$/],
    ['- '.repeat(300), /exceeded max depth$/],
    [bomb, /Excessive alias count/],
  ])('%#: refuses what is not YAML, or meant to hurt', (text, message) => {
    expect(() => parseYaml(text)).toThrow(
      expect.objectContaining({ code: 400, message: expect.stringMatching(message) }),
    )
  })

  test('any text parses or is a bad request', () => {
    const soup = fc.string({ unit: fc.constantFrom(...'ab:-&*!|>{}[]",\'#%@ \n\t', ': ', '- ', '\n  ') })
    fc.assert(fc.property(soup, (text) => void expect(['parsed', 400]).toContain(yamlOutcome(text))))
  })
})

function scannerTakes(text: string): boolean {
  try {
    findDuplicateFields(text)
    return true
  } catch (error) {
    if (error instanceof JsonSyntaxError) return false
    throw error
  }
}

function jsonTakes(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

function yamlOutcome(text: string): 'parsed' | number {
  try {
    parseYaml(text)
    return 'parsed'
  } catch (error) {
    if (error instanceof StatusError) return error.code
    throw error
  }
}
