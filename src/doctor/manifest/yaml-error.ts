import { Lexer, type YAMLParseError } from 'yaml'
import type { Finding } from '../finding.ts'
import type { Source } from './source.ts'

/** What the parser says to people who do not know its words. */
const inWords: Partial<Record<YAMLParseError['code'], { readonly cause: string; readonly fix: string }>> = {
  BAD_INDENT: { cause: 'The line is not indented far enough for what was begun above it', fix: 'indent it further, or close the bracket or quotes above' },
  BLOCK_AS_IMPLICIT_KEY: { cause: 'There are two colons in the line, or a field begins below one that has a value already', fix: 'put the value in quotes if the colon belongs to it, or correct the indentation of the lines below' },
  MULTILINE_IMPLICIT_KEY: { cause: 'A text goes over several lines before a colon comes', fix: 'give each field its colon, with a blank behind it, and the indentation of its neighbours' },
  BAD_SCALAR_START: { cause: 'A text begins with a character that means something else in YAML', fix: 'put the text in quotes' },
  TAB_AS_INDENT: { cause: 'The line is indented with a tab, which YAML forbids', fix: 'indent with blanks' },
  BAD_ALIAS: { cause: 'An asterisk begins an alias, and there is no anchor of that name', fix: 'put the text in quotes if the asterisk belongs to it' },
}

/** A text that is no YAML and that no guess has put right. */
export function yamlError({ code, message, pos: [at] }: YAMLParseError, source: Source): Finding {
  const said = message.split('\n', 1)[0]?.replace(/ at line \d+, column \d+:?$/, '') ?? message
  const quote = /^Missing closing (["'])/.exec(said)?.[1]
  const { cause, fix } = inWords[code] ?? (quote === undefined
    ? { cause: `This is no YAML: ${said}`, fix: 'correct the line, or the one before it' }
    : { cause: `A text in quotes is begun and never ended: there is no closing ${quote}`, fix: 'write the quotes at its end' })
  return { reason: 'NotYaml', cause, evidence: [`the parser of YAML says: ${said}`], fix, place: source.place(quote === undefined ? at : lastQuoteIn(source.text, quote)) }
}

/** Where the last text in quotes begins: one that does not end has all the rest in it. */
function lastQuoteIn(text: string, quote: string): number {
  const tokens = [...new Lexer().lex(text)]
  const last = tokens.findLast((token) => token.startsWith(quote)) ?? ''
  return Math.max(text.lastIndexOf(last), 0)
}
