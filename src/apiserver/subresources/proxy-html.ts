import { Transform } from 'node:stream'

/** Attributes that hold a URL wherever they stand (https://html.spec.whatwg.org/multipage/indices.html#attributes-3). */
const linkAttributes = new Set([
  'action',
  'background',
  'cite',
  'codebase',
  'data',
  'formaction',
  'href',
  'icon',
  'longdesc',
  'manifest',
  'poster',
  'profile',
  'src',
])

/** Elements whose content is text, not markup, up to their own end tag. */
const textElements = new Set(['script', 'style', 'textarea', 'title', 'xmp', 'iframe', 'noembed', 'noframes'])

/** A longer tag or comment than this, in characters, is passed on as it is. */
const maxPiece = 1024 * 1024

/** Rewrites the links of an HTML page as it flows, in any encoding that extends ASCII; all else stays, byte for byte. */
export function htmlLinks(rewrite: (link: string) => string): Transform {
  const markup = new Markup(rewrite)
  const bytes = (text: string) => Buffer.from(text, 'latin1')
  return new Transform({
    transform: (chunk: Buffer, _encoding, done) => done(null, bytes(markup.push(chunk.toString('latin1')))),
    flush: (done) => done(null, bytes(markup.rest())),
  })
}

/** Cuts markup into text, tags and comments, over any division of its input. */
class Markup {
  readonly #rewrite: (link: string) => string
  #pending = ''
  /** The element whose content is passed over until its end tag; '' if none. */
  #textElement = ''

  constructor(rewrite: (link: string) => string) {
    this.#rewrite = rewrite
  }

  push(text: string): string {
    this.#pending += text
    let output = ''
    for (;;) {
      const piece = this.#nextText() ?? this.#nextTag()
      if (piece === undefined) break
      output += piece
    }
    if (this.#pending.length > maxPiece) output += this.rest()
    return output
  }

  /** What is left when no more comes. */
  rest(): string {
    return this.#take(this.#pending.length)
  }

  #take(length: number): string {
    const piece = this.#pending.slice(0, length)
    this.#pending = this.#pending.slice(length)
    return piece
  }

  /** Text up to the next tag or comment, as far as it is known; undefined if there is none. */
  #nextText(): string | undefined {
    const pending = this.#pending
    const length = this.#textElement === '' ? pending.search(/<(?:$|[a-z/!?])/i) : this.#endTagAt()
    const piece = this.#take(length < 0 ? this.#textSoFar() : length)
    return piece === '' ? undefined : piece
  }

  /** The tag or comment that is next, rewritten; undefined if more input is needed to tell where it ends. */
  #nextTag(): string | undefined {
    const pending = this.#pending
    if (this.#textElement !== '' && this.#endTagAt() !== 0) return undefined
    if (pending.startsWith('<!--')) {
      const end = pending.indexOf('-->', 4)
      return end < 0 ? undefined : this.#take(end + 3)
    }
    if ('<!--'.startsWith(pending)) return undefined
    const whole = tag.exec(pending)?.[0]
    return whole === undefined ? undefined : this.#translate(this.#take(whole.length))
  }

  #endTagAt(): number {
    return this.#pending.toLowerCase().indexOf(`</${this.#textElement}`)
  }

  /** Length of what is text for sure while no tag is in sight: of a text element what cannot be the beginning of its end tag. */
  #textSoFar(): number {
    const { length } = this.#pending
    if (this.#textElement === '') return length
    const last = this.#pending.lastIndexOf('<')
    return last >= 0 && length - last < this.#textElement.length + 2 ? last : length
  }

  #translate(piece: string): string {
    const name = /^<(\/?[a-z][^\s/>]*)/i.exec(piece)?.[1]?.toLowerCase()
    if (name === undefined) return piece
    if (name.startsWith('/')) {
      if (name.slice(1) === this.#textElement) this.#textElement = ''
      return piece
    }
    if (textElements.has(name)) this.#textElement = name
    return piece.replace(attribute, (whole, key: string, equals: string, value: string) => {
      if (!linkAttributes.has(key.toLowerCase())) return whole
      const quote = /^["']/.exec(value)?.[0] ?? ''
      return key + equals + quote + this.#rewrite(value.slice(quote.length, value.length - quote.length)) + quote
    })
  }
}

/** A tag: a `>` inside of a quoted value does not end it. */
const tag = /^<(?:[^>"']|"[^"]*"|'[^']*')*>/

/** An attribute with its value, which is in quotes, in apostrophes or bare. */
const attribute = /([^\s"'<>/=]+)(\s*=\s*)("[^"]*"|'[^']*'|[^\s"'=<>`]+)/g
