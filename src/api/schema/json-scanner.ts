/**
 * A second reading of JSON text, for what `JSON.parse` does not tell: which fields stand there twice, and what is wrong
 * with the text in the words of Go's encoding/json.
 */

/** How deep arrays and objects may nest in a request: far beyond any API type, well within the stack. */
export const maxJsonDepth = 256

/** The text is not JSON, or nests too deeply. */
export class JsonSyntaxError extends Error {
  override readonly name = 'JsonSyntaxError'
}

/** Paths of repeated fields, `spec.ports[0].name`, each once. Throws `JsonSyntaxError`. */
export function findDuplicateFields(text: string): string[] {
  const scanner = new Scanner(text)
  scanner.document()
  return [...scanner.duplicates]
}

class Scanner {
  readonly duplicates = new Set<string>()
  readonly #text: string
  #at = 0
  #depth = 0

  constructor(text: string) {
    this.#text = text
  }

  document(): void {
    this.#value('')
    this.#skipSpace()
    if (this.#at < this.#text.length) this.#fail('after top-level value')
  }

  #value(path: string): void {
    this.#skipSpace()
    switch (this.#text[this.#at]) {
      case '{':
        return this.#nested(() => this.#object(path))
      case '[':
        return this.#nested(() => this.#array(path))
      case '"':
        return this.#skipString()
      case 't':
        return this.#literal('true')
      case 'f':
        return this.#literal('false')
      case 'n':
        return this.#literal('null')
      default:
        return this.#number()
    }
  }

  #nested(read: () => void): void {
    if (++this.#depth > maxJsonDepth) throw new JsonSyntaxError('exceeded max depth')
    this.#at++
    read()
    this.#depth--
  }

  #object(path: string): void {
    const seen = new Set<string>()
    for (let first = true; ; first = false) {
      this.#skipSpace()
      if (first && this.#take('}')) return
      if (this.#text[this.#at] !== '"') this.#fail('looking for beginning of object key string')
      const key = this.#string()
      const keyPath = path === '' ? key : `${path}.${key}`
      if (seen.has(key)) this.duplicates.add(keyPath)
      seen.add(key)
      this.#skipSpace()
      if (!this.#take(':')) this.#fail('after object key')
      this.#value(keyPath)
      this.#skipSpace()
      if (this.#take('}')) return
      if (!this.#take(',')) this.#fail('after object key:value pair')
    }
  }

  #array(path: string): void {
    this.#skipSpace()
    if (this.#take(']')) return
    for (let index = 0; ; index++) {
      this.#value(`${path}[${index}]`)
      this.#skipSpace()
      if (this.#take(']')) return
      if (!this.#take(',')) this.#fail('after array element')
    }
  }

  /** The string that starts here, decoded. */
  #string(): string {
    const start = this.#at
    this.#skipString()
    const text = this.#text.slice(start, this.#at)
    return text.includes('\\') ? (JSON.parse(text) as string) : text.slice(1, -1)
  }

  #skipString(): void {
    this.#at++
    for (;;) {
      const code = this.#text.charCodeAt(this.#at)
      if (code === 0x22) break
      if (code === 0x5c) this.#escape()
      else if (!(code >= 0x20)) this.#fail('in string literal')
      else this.#at++
    }
    this.#at++
  }

  #escape(): void {
    this.#at++
    if (this.#text[this.#at] !== 'u') return this.#one(/["\\/bfnrt]/, 'in string escape code')
    this.#at++
    for (let digit = 0; digit < 4; digit++) this.#one(/[0-9a-fA-F]/, 'in \\u hexadecimal character escape')
  }

  #literal(word: string): void {
    for (const letter of word) {
      if (!this.#take(letter)) this.#fail(`in literal ${word} (expecting ${quoted(letter)})`)
    }
  }

  #number(): void {
    const negative = this.#take('-')
    if (!/\d/.test(this.#text[this.#at] ?? '')) {
      this.#fail(negative ? 'in numeric literal' : 'looking for beginning of value')
    }
    if (!this.#take('0')) this.#digits()
    if (this.#take('.')) {
      this.#one(/\d/, 'after decimal point in numeric literal')
      this.#digits()
    }
    if (this.#take('e') || this.#take('E')) {
      if (!this.#take('+')) this.#take('-')
      this.#one(/\d/, 'in exponent of numeric literal')
      this.#digits()
    }
  }

  #digits(): void {
    while (/\d/.test(this.#text[this.#at] ?? '')) this.#at++
  }

  #one(pattern: RegExp, context: string): void {
    if (!pattern.test(this.#text[this.#at] ?? '')) this.#fail(context)
    this.#at++
  }

  #take(character: string): boolean {
    if (this.#text[this.#at] !== character) return false
    this.#at++
    return true
  }

  #skipSpace(): void {
    for (;;) {
      const code = this.#text.charCodeAt(this.#at)
      if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return
      this.#at++
    }
  }

  #fail(context: string): never {
    const code = this.#text.codePointAt(this.#at)
    if (code === undefined) throw new JsonSyntaxError('unexpected end of JSON input')
    throw new JsonSyntaxError(`invalid character ${quoted(String.fromCodePoint(code))} ${context}`)
  }
}

/** As Go quotes a character. */
function quoted(character: string): string {
  if (character === "'") return `'\\''`
  if (character === '"') return `'"'`
  const escaped = JSON.stringify(character).slice(1, -1)
  return `'${escaped}'`
}
