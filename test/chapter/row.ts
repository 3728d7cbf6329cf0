import type { Reader } from './reader.ts'

/** A part of what the chapter promises: docs/chapter.md lists them by number. */
export interface Row {
  readonly row: number
  readonly title: string
  /** Another kubectl adds nothing to it: with the newest alone. */
  readonly once?: true
  /** Rejects unless all is as it must be. Rows build on one another, in order. */
  perform(reader: Reader): Promise<void>
}

/** As the chapter has them. */
export interface Section {
  readonly title: string
  readonly rows: readonly Row[]
}
