import { open } from 'node:fs/promises'

/** Upstream's limits for `FallbackToLogsOnError`. */
const longestTail = 2048
const mostLines = 80

/** The end of a container's log without the runtime's line heads; '' if there is no log. */
export async function lastLogLines(path: string): Promise<string> {
  const tail = await readTail(path, 4 * longestTail)
  const lines = tail.split('\n').filter((line) => line !== '').slice(-mostLines).map(content)
  return lines.join('').slice(-longestTail)
}

/** `TIME STREAM TAG CONTENT`: `F` ends a line, `P` is a part of one. */
function content(line: string): string {
  const [, tag = 'F', text = ''] = /^\S+ \S+ (\S+) (.*)$/s.exec(line) ?? []
  return tag.startsWith('P') ? text : `${text}\n`
}

async function readTail(path: string, bytes: number): Promise<string> {
  try {
    await using file = await open(path)
    const { size } = await file.stat()
    const length = Math.min(size, bytes)
    const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, size - length)
    const text = buffer.toString('utf8', 0, bytesRead)
    return length < size ? text.slice(text.indexOf('\n') + 1) : text
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return ''
    throw error
  }
}
