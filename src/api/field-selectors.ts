/** Field selectors, `metadata.name=x,spec.nodeName!=y`, as k8s.io/apimachinery/pkg/fields reads and prints them. */
import { badRequest } from './errors.ts'

export interface FieldSelector {
  /** All must hold; in canonical order. Empty selects everything. */
  readonly requirements: readonly FieldRequirement[]
  /** An absent field counts as the empty string. */
  matches(fields: Readonly<Record<string, string>>): boolean
  /** The value that the field must have, if the selector asks for exactly one. */
  exactly(field: string): string | undefined
  toString(): string
}

export interface FieldRequirement {
  readonly field: string
  readonly operator: '=' | '!='
  readonly value: string
}

/** The selector of a `fieldSelector` query parameter; the empty string selects everything. Throws 400. */
export function parseFieldSelector(text: string): FieldSelector {
  const terms = splitTerms(text).filter((term) => term !== '')
  return selectorOf(terms.sort().map((term) => parseTerm(term, text)))
}

/**
 * Throws 400 if the selector names a field that is not among `supported`. A kind with fields of its own words it
 * differently from one that knows its name and namespace only, as upstream's conversions do.
 */
export function checkFieldSelector(selector: FieldSelector, supported: readonly string[]): void {
  for (const { field } of selector.requirements) {
    if (supported.includes(field)) continue
    const special = supported.some((name) => name !== 'metadata.name' && name !== 'metadata.namespace')
    if (special) throw badRequest(`field label not supported: ${field}`)
    const known = 'only "metadata.name", "metadata.namespace"'
    throw badRequest(`${JSON.stringify(field)} is not a known field selector: ${known}`)
  }
}

function selectorOf(requirements: readonly FieldRequirement[]): FieldSelector {
  return {
    requirements,
    matches: (fields) => requirements.every((requirement) => matches(requirement, fields)),
    exactly: (field) => requirements.find((term) => term.field === field && term.operator === '=')?.value,
    toString: () => requirements.map(formatTerm).join(','),
  }
}

function matches({ field, operator, value }: FieldRequirement, fields: Readonly<Record<string, string>>): boolean {
  const actual = Object.hasOwn(fields, field) ? fields[field] : ''
  return (actual === value) === (operator === '=')
}

function formatTerm({ field, operator, value }: FieldRequirement): string {
  return `${field}${operator}${value.replaceAll(/[\\,=]/g, '\\$&')}`
}

/** Splits at commas that no backslash precedes; the backslashes stay. */
function splitTerms(text: string): string[] {
  return text.match(/(?:\\.|[^\\,]|\\$)+/gs) ?? []
}

function parseTerm(term: string, whole: string): FieldRequirement {
  const [, field, operator, raw] = /^(.*?)(!=|==|=)(.*)$/s.exec(term) ?? []
  if (field === undefined || raw === undefined) {
    throw badRequest(`invalid selector: '${whole}'; can't understand '${term}'`)
  }
  return { field, operator: operator === '!=' ? '!=' : '=', value: unescape(raw) }
}

/** Of the characters that need a backslash in a value only '=' can arrive without one; upstream prints its code. */
function unescape(raw: string): string {
  const rest = raw.replaceAll(/\\[\\,=]/g, '')
  const [bad] = /\\(?:.|$)/s.exec(rest) ?? []
  if (bad !== undefined) throw badRequest(`invalid field selector: invalid escape sequence: ${bad}`)
  if (rest.includes('=')) throw badRequest('invalid field selector: unescaped character in value: 61')
  return raw.replaceAll(/\\([\\,=])/g, '$1')
}
