import { open } from 'node:fs/promises'
import type { Container } from '../cri/runtime.ts'
import { fallsBackToLogs, terminationLogOf } from './labels.ts'

/** Upstream's limit for what a container writes itself. */
const longestMessage = 4096
/** Upstream's limits for `FallbackToLogsOnError`. */
const longestTail = 2048
const mostLines = 80

/**
 * Why an ended container has ended: the runtime's own words, then what the container left at its
 * `terminationMessagePath`, or else the end of its log where it has failed and asks for that; '' if there is nothing.
 */
export async function terminationMessage(container: Container): Promise<string> {
  const { message = '', exitCode, logPath } = container
  const path = terminationLogOf(container)
  const written = path === undefined ? '' : await readTail(path, longestMessage)
  const usesLog = written === '' && fallsBackToLogs(container) && exitCode !== 0
  const own = usesLog && logPath !== undefined ? await lastLogLines(logPath) : written
  return [message, own].filter((part) => part !== '').join(': ')
}

/** The end of a container's log without the runtime's line heads; '' if there is no log. */
async function lastLogLines(path: string): Promise<string> {
  // Heads included, this is more than counts.
  const tail = await readTail(path, 4 * longestTail)
  const lines = tail.split('\n').filter((line) => line !== '').slice(-mostLines).map(content)
  return Buffer.from(lines.join('')).subarray(-longestTail).toString()
}

/** `TIME STREAM TAG CONTENT`: `F` ends a line, `P` is a part of one. */
function content(line: string): string {
  const [, tag = 'F', text = ''] = /^\S+ \S+ (\S+) (.*)$/s.exec(line) ?? []
  return tag.startsWith('P') ? text : `${text}\n`
}

/** The last bytes of a file; '' if there is none. */
async function readTail(path: string, bytes: number): Promise<string> {
  try {
    await using file = await open(path)
    const { size } = await file.stat()
    const length = Math.min(size, bytes)
    const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, size - length)
    return buffer.toString('utf8', 0, bytesRead)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return ''
    throw error
  }
}
