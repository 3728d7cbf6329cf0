import { readFileSync } from 'node:fs'

/** The token that a file holds at the time, or the last one that it held: whoever renews it may be at it just now. */
export function tokenOf(file: string, initial: string): () => string {
  let last = initial
  return () => {
    try {
      last = readFileSync(file, 'utf8').trim() || last
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === undefined) throw error
      // The server says what it thinks of the last one.
    }
    return last
  }
}
