/**
 * The query-string form of label selectors: `a=b,c!=d,e in (x,y),f notin (z),!g,h,i>1`.
 * Grammar and messages follow k8s.io/apimachinery/pkg/labels.
 */
import { keyProblem, requirementProblem, type LabelOperator, type LabelRequirement } from './label-requirement.ts'

/** The text is not a label selector; the message says what was found and what was expected. */
export class SelectorSyntaxError extends Error {
  override readonly name = 'SelectorSyntaxError'
}

type TokenKind = 'identifier' | 'operator' | 'set-operator' | '!' | '(' | ')' | ',' | 'end'

interface Token {
  readonly kind: TokenKind
  readonly text: string
}

const operators = new Map<string, LabelOperator>([
  ['in', 'in'],
  ['notin', 'notin'],
  ['=', '='],
  ['==', '=='],
  ['!=', '!='],
  ['>', 'gt'],
  ['<', 'lt'],
])
const binaryOperators = 'in, notin, =, ==, !=, gt, lt'

/** The requirements in the order of the text. Throws `SelectorSyntaxError`. */
export function parseRequirements(text: string): LabelRequirement[] {
  const tokens = new Tokens(text)
  const requirements: LabelRequirement[] = []
  while (tokens.peek().kind !== 'end') {
    const { kind, text: found } = tokens.peek()
    if (!startsRequirement(kind)) fail(found, ": !, identifier, or 'end of string'")
    requirements.push(parseRequirement(tokens))
    const separator = tokens.take()
    if (separator.kind === 'end') break
    if (separator.kind !== ',') fail(separator.text, ": ',' or 'end of string'")
    const next = tokens.peek()
    if (!startsRequirement(next.kind)) fail(next.text, ": identifier after ','")
  }
  return requirements
}

function parseRequirement(tokens: Tokens): LabelRequirement {
  try {
    const requirement = readRequirement(tokens)
    const problem = requirementProblem(requirement)
    if (problem !== undefined) throw new SelectorSyntaxError(problem)
    return requirement
  } catch (error) {
    if (!(error instanceof SelectorSyntaxError)) throw error
    throw new SelectorSyntaxError(`unable to parse requirement: ${error.message}`)
  }
}

function readRequirement(tokens: Tokens): LabelRequirement {
  const negated = tokens.peek().kind === '!'
  if (negated) tokens.take()
  const { kind, text: key } = tokens.take()
  if (!isWord(kind)) fail(key, ': identifier')
  const problem = keyProblem(key)
  if (problem !== undefined) throw new SelectorSyntaxError(problem)
  if (negated) return { key, operator: '!', values: [] }

  const next = tokens.peek().kind
  if (next === 'end' || next === ',') return { key, operator: 'exists', values: [] }
  const operator = readOperator(tokens)
  const values = operator === 'in' || operator === 'notin' ? readValueSet(tokens) : [readExactValue(tokens)]
  return { key, operator, values }
}

function readOperator(tokens: Tokens): LabelOperator {
  const { kind, text } = tokens.take()
  const operator = kind === 'operator' || kind === 'set-operator' ? operators.get(text) : undefined
  return operator ?? fail(text, `: ${binaryOperators}`)
}

/** Empty places count: `(a,,b)` holds the empty string too, and so does `()`. */
function readValueSet(tokens: Tokens): string[] {
  const open = tokens.take()
  if (open.kind !== '(') throw new SelectorSyntaxError(`found '${open.text}' expected: '('`)
  const values = new Set<string>()
  for (let expectsValue = true; ; ) {
    const { kind, text } = tokens.take()
    if (isWord(kind) && expectsValue) {
      values.add(text)
      expectsValue = false
    } else if (kind === ',') {
      if (expectsValue) values.add('')
      expectsValue = true
    } else if (kind === ')') {
      if (expectsValue) values.add('')
      return [...values].sort()
    } else {
      fail(text, expectsValue ? ": ',', ')' or identifier" : ": ',' or ')'")
    }
  }
}

function readExactValue(tokens: Tokens): string {
  const next = tokens.peek().kind
  if (next === 'end' || next === ',') return ''
  const { kind, text } = tokens.take()
  return isWord(kind) ? text : fail(text, ': identifier')
}

function startsRequirement(kind: TokenKind): boolean {
  return isWord(kind) || kind === '!'
}

/** `in` and `notin` are words like others except where an operator is expected. */
function isWord(kind: TokenKind): boolean {
  return kind === 'identifier' || kind === 'set-operator'
}

function fail(found: string, expected: string): never {
  throw new SelectorSyntaxError(`found '${found}', expected${expected}`)
}

class Tokens {
  readonly #list: readonly Token[]
  #position = 0

  constructor(text: string) {
    // Longest operators first; what no alternative takes is whitespace.
    this.#list = [...text.matchAll(/[^=!(),<> \t\r\n]+|==|!=|[=!(),<>]/g)].map(([word]) => tokenOf(word))
  }

  peek(): Token {
    return this.#list[this.#position] ?? { kind: 'end', text: '' }
  }

  take(): Token {
    const token = this.peek()
    this.#position++
    return token
  }
}

function tokenOf(text: string): Token {
  if (text === '!' || text === '(' || text === ')' || text === ',') return { kind: text, text }
  if (text === 'in' || text === 'notin') return { kind: 'set-operator', text }
  return { kind: operators.has(text) ? 'operator' : 'identifier', text }
}
