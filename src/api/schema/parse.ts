/** From the text of a request's body to a plain value: JSON, and YAML as upstream reads it. */
import {
  isMap,
  isNode,
  isScalar,
  isSeq,
  Lexer,
  LineCounter,
  parseDocument,
  type Document,
  type DocumentOptions,
  type ParseOptions,
  type SchemaOptions,
  type Tags,
} from 'yaml'
import { badRequest, type StatusError } from '../errors.ts'
import { findDuplicateFields, JsonSyntaxError, maxJsonDepth } from './json-scanner.ts'

export interface ParsedText {
  readonly value: unknown
  /**
   * Fields that stand there more than once, of which the last one won, as upstream's decoders tell them:
   * `duplicate field "spec.x"` of JSON, `line 3: key "x" already set in map` of YAML.
   */
  readonly duplicates: readonly string[]
}

/** Duplicates as an error has them, where those of YAML are one. */
export function duplicateErrors({ duplicates }: Pick<ParsedText, 'duplicates'>): readonly string[] {
  const isYaml = duplicates[0]?.startsWith('line ') === true
  return isYaml ? [`yaml: unmarshal errors:\n  ${duplicates.join('\n  ')}`] : duplicates
}

/** YAML 1.1, in which `yes` is true, as upstream has it. Repeated keys are found by ourselves. */
export const yamlOptions: ParseOptions & DocumentOptions & SchemaOptions = {
  version: '1.1',
  customTags: upstreamTags,
  uniqueKeys: false,
  logLevel: 'silent',
}

/** Duplicates are only looked for when asked. Throws 400 if the text is not JSON or nests too deeply. */
export function parseJson(text: string, findDuplicates = false): ParsedText {
  try {
    const duplicates = findDuplicates || mayBeTooDeep(text) ? findDuplicateFields(text) : []
    return { value: JSON.parse(text), duplicates: duplicates.map((path) => `duplicate field ${JSON.stringify(path)}`) }
  } catch (error) {
    throw badRequest(problemOf(text, error))
  }
}

/** The first document of the text. Throws 400 if it is not YAML, or nests too deeply. */
export function parseYaml(text: string): ParsedText {
  if (mayBeTooDeep(text)) checkFlowDepth(text)
  const lineCounter = new LineCounter()
  const document = parseDocument(text, { ...yamlOptions, lineCounter })
  const [error] = document.errors
  if (error !== undefined) {
    const line = error.linePos?.[0].line ?? 1
    throw badRequest(`error converting YAML to JSON: yaml: line ${line}: ${firstLine(error.message)}`)
  }
  const value = plainValue(document)
  const lineOf = (node: unknown) => lineCounter.linePos(isNode(node) ? (node.range?.[0] ?? 0) : 0).line
  return { value, duplicates: [...duplicateKeys(document.contents, lineOf, 0)] }
}

/** Dates, clock times and binaries stay the strings that they are, as nothing in JSON could take them. */
function upstreamTags(tags: Tags): Tags {
  return tags.filter((tag) => {
    if (typeof tag === 'string') return true
    return !/:(timestamp|binary)$/.test(tag.tag) && tag.format !== 'TIME'
  })
}

/** Before the parser, whose work would grow with the square of the depth. */
function checkFlowDepth(text: string): void {
  let depth = 0
  for (const token of new Lexer().lex(text)) {
    if (token === '[' || token === '{') depth++
    else if (token === ']' || token === '}') depth--
    if (depth > maxJsonDepth) throw tooDeep()
  }
}

function tooDeep(): StatusError {
  return badRequest('error converting YAML to JSON: yaml: exceeded max depth')
}

function firstLine(message: string): string {
  return message.split('\n', 1)[0]?.replace(/:$/, '') ?? message
}

function plainValue(document: Document): unknown {
  try {
    // By way of JSON, which has neither shared nodes nor anything but plain values.
    return JSON.parse(JSON.stringify(document.toJS({ maxAliasCount: 100 }) ?? null))
  } catch (error) {
    if (!(error instanceof Error)) throw error
    throw badRequest(`error converting YAML to JSON: yaml: ${firstLine(error.message)}`)
  }
}

/** Those within a value before its own, and each on the line of its value. */
function* duplicateKeys(node: unknown, lineOf: (node: unknown) => number, depth: number): Generator<string> {
  if (depth > maxJsonDepth) throw tooDeep()
  if (isSeq(node)) {
    for (const item of node.items) yield* duplicateKeys(item, lineOf, depth + 1)
  } else if (isMap(node)) {
    const seen = new Set<string>()
    for (const { key, value } of node.items) {
      const name = isScalar(key) && typeof key.value !== 'string' ? String(key.value) : JSON.stringify(String(key))
      yield* duplicateKeys(value, lineOf, depth + 1)
      if (seen.has(name)) yield `line ${lineOf(value ?? key)}: key ${name} already set in map`
      seen.add(name)
    }
  }
}

function problemOf(text: string, cause: unknown): string {
  if (cause instanceof JsonSyntaxError) return cause.message
  if (!(cause instanceof SyntaxError)) throw cause
  try {
    findDuplicateFields(text)
  } catch (error) {
    if (error instanceof JsonSyntaxError) return error.message
    throw error
  }
  return cause.message
}

/** Whether the text has more opening brackets than may nest; most do not, and need no closer look. */
function mayBeTooDeep(text: string): boolean {
  let brackets = 0
  for (let at = 0; at < text.length && brackets <= maxJsonDepth; at++) {
    const code = text.charCodeAt(at)
    if (code === 0x7b || code === 0x5b) brackets++
  }
  return brackets > maxJsonDepth
}
