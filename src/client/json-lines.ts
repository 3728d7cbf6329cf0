import { ConnectionError } from './client.ts'

/**
 * The values of a stream with one JSON value per line. Pieces may end anywhere. Throws `ConnectionError` if the
 * stream ends inside a line or a line is not JSON.
 */
export async function* jsonLines(pieces: AsyncIterable<string>): AsyncGenerator<unknown> {
  let rest = ''
  for await (const piece of pieces) {
    let start = 0
    for (let end = piece.indexOf('\n'); end >= 0; end = piece.indexOf('\n', start)) {
      const line = rest + piece.slice(start, end)
      rest = ''
      start = end + 1
      if (line.trim() !== '') yield parseJson(line)
    }
    rest += piece.slice(start)
  }
  if (rest.trim() !== '') throw new ConnectionError(`the stream ended inside a line: ${excerpt(rest)}`)
}

/** Throws `ConnectionError`: what is not JSON was not written by an API server, or was cut off. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new ConnectionError(`the server's answer is not JSON: ${excerpt(text)}`, { cause: error })
  }
}

function excerpt(text: string): string {
  return text.length <= 80 ? text : `${text.slice(0, 80)}…`
}
