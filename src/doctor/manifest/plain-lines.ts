import { Lexer } from 'yaml'

/** A range of the text that is not structure. */
type Range = readonly [number, number]

/**
 * What of a text is structure, as opposed to quoted texts, comments and block scalars, whose characters are as they are
 * meant to be. Known of any text, even one that cannot be parsed.
 */
export class PlainText {
  readonly #ranges: readonly Range[]

  constructor(text: string) {
    this.#ranges = [...protectedRanges(text)]
  }

  has(offset: number): boolean {
    return !this.#ranges.some(([from, to]) => offset >= from && offset < to)
  }
}

function* protectedRanges(text: string): Generator<Range> {
  let at = 0
  let isBlock = false
  let isScalar = false
  for (const token of new Lexer().lex(text)) {
    if (isMark(token)) {
      isScalar = token === '\u001f'
      continue
    }
    const isQuoted = token.startsWith('"') || token.startsWith("'")
    if ((isScalar && isBlock) || isQuoted || token.startsWith('#')) yield [at, at + token.length]
    if (isScalar) isBlock = false
    else if (/^[|>]/.test(token)) isBlock = true
    isScalar = false
    at += token.length
  }
}

/** What the lexer says of its own: of a document, of a scalar, of flow that ends wrongly. */
function isMark(token: string): boolean {
  return token === '\u0002' || token === '\u0018' || token === '\u001f'
}
