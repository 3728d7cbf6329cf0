import type { Repair } from './repair.ts'

/**
 * What people type that looks right and is not. Those that are certain are never meant, and are put right before all
 * else; others are only suspected, and are believed if the manifest makes more sense without them.
 */
export interface Misprint {
  readonly isCertain: boolean
  /** The line without it, and where it stands; undefined if it is not there. */
  find(line: string): Found | undefined
  readonly reason: Repair['reason']
  readonly cause: string
  readonly fix: string
}

interface Found {
  readonly column: number
  readonly line: string
}

/** Blanks, and the dashes of list items. There is one way only to match it: of two, a line of dashes would try all. */
const lead = String.raw`^([ ]*(?:- +)*)`
const key = String.raw`[A-Za-z_][\w./-]*`

export const misprints: readonly Misprint[] = [
  certain('LookalikeCharacter', /^([ ]*)[\u00a0\u2000-\u200d\u202f\u3000\ufeff][\s\u200b-\u200d\ufeff]*/, ({ 0: all }) => all.replace(/\u3000/g, '  ').replace(/[\u200b-\u200d\ufeff]/g, '').replace(/[^ \n]/g, ' '), {
    cause: 'The line begins with blanks that are none for YAML, such as full-width, unbreakable or invisible ones',
    fix: 'indent with ordinary blanks',
  }),
  certain('LookalikeCharacter', new RegExp(`${lead}(${key}):[ ]*[\\u00a0\\u2000-\\u200b\\u202f\\u3000][\\s\\u200b]*`), ({ 1: before = '', 2: name = '' }) => `${before}${name}: `, {
    cause: 'The blank behind the colon is none for YAML, but a full-width, unbreakable or invisible one',
    fix: 'write an ordinary blank',
  }),
  certain('TabInIndentation', /^([ ]*)\t[\t ]*/, ({ 0: all }) => all.replaceAll('\t', '  '), {
    cause: 'The line is indented with a tab, which YAML forbids',
    fix: 'indent with blanks',
  }),
  certain('LookalikeCharacter', /^([ ]*)[–—−－﹣](\s)/, ({ 1: blanks = '' }) => `${blanks}- `, {
    cause: 'The line begins with a dash that only looks like that of a list item',
    fix: 'write the dash of the keyboard, -',
  }),
  certain('LookalikeCharacter', new RegExp(`${lead}(${key})\\s*[：﹕∶]\\s*`), ({ 1: before = '', 2: name = '' }) => `${before}${name}: `, {
    cause: 'The colon is a full-width one, which YAML takes for a letter',
    fix: 'write the colon of the keyboard, with a blank behind it',
  }),
  certain('LookalikeCharacter', new RegExp(`${lead}(${key}: +)?[“”„＂](.*?)[“”＂](\\s*)$`), ({ 1: before = '', 2: name = '', 3: text = '' }) => `${before}${name}${JSON.stringify(text)}`, {
    cause: 'The quotes are typographic ones, which YAML takes for letters of the text',
    fix: 'write the quotes of the keyboard, or none',
  }),
  certain('LookalikeCharacter', new RegExp(`${lead}(${key}: +)?[‘’＇](.*?)[‘’＇](\\s*)$`), ({ 1: before = '', 2: name = '', 3: text = '' }) => `${before}${name}'${text}'`, {
    cause: 'The quotes are typographic ones, which YAML takes for letters of the text',
    fix: 'write the quotes of the keyboard, or none',
  }),
  certain('LookalikeCharacter', new RegExp(`${lead}(${key}: +[[{][^，、]*)[，、]\\s*`), ({ 1: before = '', 2: name = '' }) => `${before}${name}, `, {
    cause: 'The comma is a full-width one, which YAML takes for a letter',
    fix: 'write the comma of the keyboard',
  }),
  suspected('MissingBlank', new RegExp(`${lead}(${key}):(?=[^\\s/:])`), ({ 1: before = '', 2: name = '' }) => `${before}${name}: `, {
    cause: 'There is no blank behind the colon, so this is one text and no field',
    fix: 'write a blank behind the colon',
  }),
  suspected('MissingBlank', new RegExp(`^([ ]*)-(?=${key}:)`), ({ 1: blanks = '' }) => `${blanks}- `, {
    cause: 'There is no blank behind the dash, so this is no item of a list',
    fix: 'write a blank behind the dash',
  }),
  suspected('MissingColon', new RegExp(`${lead}(${key})\\s*=\\s*`), ({ 1: before = '', 2: name = '' }) => `${before}${name}: `, {
    cause: 'There is an equals sign where YAML has a colon',
    fix: 'write a colon and a blank',
  }),
  suspected('MissingColon', new RegExp(`${lead}(${key})\\s*$`), ({ 1: before = '', 2: name = '' }) => `${before}${name}:`, {
    cause: 'There is no colon behind the name of the field',
    fix: 'write a colon behind it',
  }),
  suspected('MissingColon', new RegExp(`${lead}(${key}) +(?=[^\\s:=]+\\s*$)`), ({ 1: before = '', 2: name = '' }) => `${before}${name}: `, {
    cause: 'There is no colon behind the name of the field',
    fix: 'write a colon behind it',
  }),
  suspected('StrayCharacter', /([^\s,;])[,;]\s*$/, ({ 1: before = '' }) => before, {
    cause: 'The line ends with a comma or semicolon, which YAML takes for a part of the value',
    fix: 'leave it out: a line ends by itself',
  }),
]

type Replace = (match: RegExpExecArray) => string

function certain(reason: Repair['reason'], pattern: RegExp, replace: Replace, texts: Pick<Misprint, 'cause' | 'fix'>): Misprint {
  return { isCertain: true, reason, ...texts, find: (line) => replaced(line, pattern, replace) }
}

function suspected(reason: Repair['reason'], pattern: RegExp, replace: Replace, texts: Pick<Misprint, 'cause' | 'fix'>): Misprint {
  return { isCertain: false, reason, ...texts, find: (line) => replaced(line, pattern, replace) }
}

function replaced(line: string, pattern: RegExp, replace: Replace): Found | undefined {
  const match = pattern.exec(line)
  if (match === null) return undefined
  const by = replace(match)
  const end = match.index + match[0].length
  const next = `${line.slice(0, match.index)}${by}${line.slice(end)}`.trimEnd()
  // The first character that has to change.
  const column = [...next].findIndex((letter, index) => letter !== line[index])
  return { column: (column < 0 ? next.length : column) + 1, line: next }
}
