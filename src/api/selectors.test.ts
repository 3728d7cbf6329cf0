import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { StatusError } from './errors.ts'
import { checkFieldSelector, parseFieldSelector } from './field-selectors.ts'
import { formatLabels, parseLabelSelector, selectorFromMap, selectorFromObject } from './selectors.ts'

describe('label selectors', () => {
  for (const { text, canonical = text, matches = [], misses = [] } of [
    { text: '', matches: [{}, { a: 'b' }] },
    { text: 'a=b', matches: [{ a: 'b', c: 'd' }], misses: [{}, { a: 'c' }] },
    { text: 'a==b', matches: [{ a: 'b' }] },
    { text: 'a=', matches: [{ a: '' }], misses: [{}] },
    { text: 'c!=d,a = b', canonical: 'a=b,c!=d', matches: [{ a: 'b' }], misses: [{ a: 'b', c: 'd' }] },
    { text: 'e in (y, x)', canonical: 'e in (x,y)', matches: [{ e: 'x' }, { e: 'y' }], misses: [{}, { e: 'z' }] },
    { text: 'f notin (z)', matches: [{}, { f: 'y' }], misses: [{ f: 'z' }] },
    { text: 'x in (a,,b)', canonical: 'x in (,a,b)', matches: [{ x: '' }] },
    { text: 'x in ()', canonical: 'x in ()', matches: [{ x: '' }] },
    { text: '!g', matches: [{}], misses: [{ g: '' }] },
    { text: 'h', matches: [{ h: '' }], misses: [{}] },
    { text: 'in in (in,notin)', matches: [{ in: 'notin' }] },
    { text: 'n>5', matches: [{ n: '6' }], misses: [{ n: '5' }, { n: 'x' }, {}] },
    { text: 'n<5', matches: [{ n: '-4' }], misses: [{ n: '5' }] },
    { text: 'constructor', misses: [{}] },
  ]) {
    test(`'${text}'`, () => {
      const selector = parseLabelSelector(text)
      expect(String(selector)).toBe(canonical)
      expect(matches.filter((labels) => !selector.matches(labels))).toEqual([])
      expect(misses.filter((labels) => selector.matches(labels))).toEqual([])
    })
  }

  for (const { text, message } of [
    { text: 'a b', message: "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt" },
    { text: ',', message: "found ',', expected: !, identifier, or 'end of string'" },
    { text: 'a,', message: "found '', expected: identifier after ','" },
    { text: 'a in', message: "unable to parse requirement: found '' expected: '('" },
    { text: 'a in (b', message: "unable to parse requirement: found '', expected: ',' or ')'" },
    { text: 'a in (b c)', message: "unable to parse requirement: found 'c', expected: ',' or ')'" },
    { text: 'a=(', message: "unable to parse requirement: found '(', expected: identifier" },
    { text: 'a=b)', message: "found ')', expected: ',' or 'end of string'" },
    { text: '!', message: "unable to parse requirement: found '', expected: identifier" },
    { text: '!a=b', message: "found '=', expected: ',' or 'end of string'" },
    { text: '-a=b', message: /^unable to parse requirement: <nil>: Invalid value: "-a": name part must consist/ },
    { text: 'a=-', message: /^unable to parse requirement: values\[0\]\[a\]: Invalid value: "-": a valid label must/ },
    { text: 'a>b', message: /the value must be an integer$/ },
  ]) {
    test(`'${text}' is refused`, () => {
      const refusal = refusalOf(() => parseLabelSelector(text))
      expect(refusal.code).toBe(400)
      expect(refusal.message).toMatch(message)
    })
  }

  test('any text either parses, to a selector whose text means the same, or is a bad request', () => {
    const soup = fc.string({ unit: fc.constantFrom(...'ab1-=!(),<> ', 'in', 'notin') })
    fc.assert(
      fc.property(soup, (text) => {
        const canonical = outcomeOf(() => parseLabelSelector(text).toString())
        if (canonical instanceof StatusError) return
        expect(parseLabelSelector(canonical).toString()).toBe(canonical)
      }),
    )
  })

  test('objects', () => {
    const selector = selectorFromObject({
      matchLabels: { app: 'kubia' },
      matchExpressions: [
        { key: 'tier', operator: 'In', values: ['b', 'a'] },
        { key: 'env', operator: 'NotIn', values: ['prod'] },
        { key: 'x', operator: 'Exists' },
        { key: 'y', operator: 'DoesNotExist' },
      ],
    })
    expect(String(selector)).toBe('app=kubia,env notin (prod),tier in (a,b),x,!y')
    expect(selector.matches({ app: 'kubia', tier: 'a', x: '' })).toBe(true)
    expect(selectorFromObject({}).matches({})).toBe(true)
    expect(selectorFromObject(undefined).matches({})).toBe(false)
    const odd = { matchExpressions: [{ key: 'x', operator: 'Like' }] }
    expect(refusalOf(() => selectorFromObject(odd)).message).toBe('"Like" is not a valid label selector operator')
  })

  test('plain maps', () => {
    expect(selectorFromMap({ b: '2', a: '1' }).matches({ a: '1', b: '2', c: '3' })).toBe(true)
    expect(formatLabels({ b: '2', a: '1' })).toBe('a=1,b=2')
    expect(formatLabels({})).toBe('<none>')
  })
})

describe('field selectors', () => {
  for (const { text, canonical = text, matches = [], misses = [] } of [
    { text: '', matches: [{}] },
    { text: 'metadata.name=x', matches: [{ 'metadata.name': 'x' }], misses: [{ 'metadata.name': 'y' }, {}] },
    {
      text: 'spec.nodeName!=y,metadata.name==x',
      canonical: 'metadata.name=x,spec.nodeName!=y',
      matches: [{ 'metadata.name': 'x' }],
      misses: [{ 'metadata.name': 'x', 'spec.nodeName': 'y' }],
    },
    { text: 'a=b\\,c\\=d\\\\', matches: [{ a: 'b,c=d\\' }] },
  ]) {
    test(`'${text}'`, () => {
      const selector = parseFieldSelector(text)
      expect(String(selector)).toBe(canonical)
      for (const fields of matches) expect(selector.matches(fields)).toBe(true)
      for (const fields of misses) expect(selector.matches(fields)).toBe(false)
    })
  }

  for (const { text, message } of [
    { text: 'a', message: "invalid selector: 'a'; can't understand 'a'" },
    { text: 'a=\\x', message: 'invalid field selector: invalid escape sequence: \\x' },
    { text: 'a=b\\', message: 'invalid field selector: invalid escape sequence: \\' },
    { text: 'a=b=c', message: 'invalid field selector: unescaped character in value: 61' },
  ]) {
    test(`'${text}' is refused`, () => {
      expect(refusalOf(() => parseFieldSelector(text)).message).toBe(message)
    })
  }

  test('fields that a kind does not offer', () => {
    const selector = parseFieldSelector('spec.color=red')
    expect(refusalOf(() => checkFieldSelector(selector, ['metadata.name', 'spec.nodeName'])).message).toBe(
      'field label not supported: spec.color',
    )
    expect(refusalOf(() => checkFieldSelector(selector, ['metadata.name', 'metadata.namespace'])).message).toBe(
      '"spec.color" is not a known field selector: only "metadata.name", "metadata.namespace"',
    )
  })

  test('exactly', () => {
    expect(parseFieldSelector('a!=1,b=2').exactly('b')).toBe('2')
    expect(parseFieldSelector('a!=1,b=2').exactly('a')).toBeUndefined()
  })
})

/** What the action returns, or the Status that it throws. */
function outcomeOf<T>(action: () => T): T | StatusError {
  try {
    return action()
  } catch (error) {
    if (error instanceof StatusError) return error
    throw error
  }
}

function refusalOf(action: () => unknown): StatusError {
  const outcome = outcomeOf(action)
  if (outcome instanceof StatusError) return outcome
  throw new Error('nothing was refused')
}
