import type { Place } from '../finding.ts'

/** The text of a manifest, and where in it something stands. */
export class Source {
  readonly file: string
  readonly text: string
  readonly lines: readonly string[]
  readonly #starts: readonly number[]

  constructor(file: string, text: string) {
    this.file = file
    this.text = text
    this.lines = text.split('\n')
    let next = 0
    this.#starts = this.lines.map((line) => {
      const start = next
      next += line.length + 1
      return start
    })
  }

  /** Of an offset in the text. Lines and columns count from 1. */
  place(offset: number): Place {
    const line = Math.max(this.#starts.findLastIndex((start) => start <= offset), 0)
    return this.at(line + 1, offset - (this.#starts[line] ?? 0) + 1)
  }

  at(line: number, column: number): Place {
    return { file: this.file, line, column, text: this.line(line) }
  }

  /** Without its end. */
  line(number: number): string {
    return (this.lines[number - 1] ?? '').replace(/\r$/, '')
  }

  /** The line of the first offset, with what stands between the offsets replaced; undefined if that is on several lines. */
  replaced(from: number, to: number, by: string): string | undefined {
    const place = this.place(from)
    if (this.place(to).line !== place.line) return undefined
    const end = place.column - 1 + to - from
    return `${place.text.slice(0, place.column - 1)}${by}${place.text.slice(end)}`
  }
}
