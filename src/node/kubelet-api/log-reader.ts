import { open, stat, type FileHandle } from 'node:fs/promises'
import { dirname } from 'node:path'
import { LineSplitter, parseLogLine } from './cri-log.ts'
import { DirectoryWatch } from './directory-watch.ts'
import type { LogOptions } from './log-options.ts'
import { LogRenderer } from './log-render.ts'
import { tailStart } from './log-tail.ts'

export interface LogSource {
  readonly path: string
  /** Whether more can come: asked when the end of the file is reached. */
  isRunning(): Promise<boolean>
  readonly signal: AbortSignal
}

const chunkSize = 64 * 1024

/**
 * A container's log as the client asked for it. With `follow` it goes on until the container has ended or the signal
 * aborts, also over a rotation of the file.
 */
export async function* readLog(source: LogSource, options: LogOptions): AsyncGenerator<Buffer> {
  const renderer = new LogRenderer(options)
  using changes = options.follow ? new DirectoryWatch(dirname(source.path), source.signal) : undefined
  const reading = { source, options, renderer, changes }
  let tailLines = options.tailLines
  for (;;) {
    const file = await open(source.path)
    try {
      const offset = tailLines === undefined ? 0 : await tailStart(file, tailLines)
      if ((yield* readFile(file, offset, reading)) === 'ended') return
    } finally {
      await file.close()
    }
    tailLines = undefined
  }
}

interface Reading {
  readonly source: LogSource
  readonly options: LogOptions
  readonly renderer: LogRenderer
  /** Undefined unless following. */
  readonly changes: DirectoryWatch | undefined
}

async function* readFile(
  file: FileHandle,
  offset: number,
  reading: Reading,
): AsyncGenerator<Buffer, 'ended' | 'rotated'> {
  const { source, renderer, changes } = reading
  const splitter = new LineSplitter()
  let position = offset
  for (;;) {
    // What is asked before reading holds after it: a container that has ended writes no more.
    const mayGrow = changes !== undefined && (await source.isRunning())
    const rotated = changes !== undefined && (await isRotated(file, source.path))
    for (let chunk = await read(file, position); chunk.length > 0; chunk = await read(file, position)) {
      position += chunk.length
      const text = render(splitter.push(chunk), renderer)
      if (text.length > 0) yield text
      if (renderer.isFull || source.signal.aborted) return 'ended'
    }
    if (rotated) return 'rotated'
    if (!mayGrow || source.signal.aborted) return 'ended'
    await changes.next()
  }
}

function render(lines: readonly Buffer[], renderer: LogRenderer): Buffer {
  const rendered = lines.map((line) => {
    const parsed = parseLogLine(line)
    return parsed === undefined || renderer.isFull ? Buffer.alloc(0) : renderer.render(parsed)
  })
  return Buffer.concat(rendered)
}

async function read(file: FileHandle, position: number): Promise<Buffer> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(chunkSize), 0, chunkSize, position)
  return buffer.subarray(0, bytesRead)
}

async function isRotated(file: FileHandle, path: string): Promise<boolean> {
  try {
    return (await file.stat()).ino !== (await stat(path)).ino
  } catch (error) {
    // Between renaming the old file and making the new one.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false
    throw error
  }
}
