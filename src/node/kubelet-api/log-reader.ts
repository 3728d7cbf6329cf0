import { watch } from 'node:fs'
import { open, stat, type FileHandle } from 'node:fs/promises'
import { dirname } from 'node:path'
import { LineSplitter, parseLogLine } from './cri-log.ts'
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
/** How long to wait at most for a sign of new output before looking again. */
const lookAgainMs = 1000

/**
 * A container's log as the client asked for it. With `follow` it goes on until the container has ended or the signal
 * aborts, also over a rotation of the file.
 */
export async function* readLog(source: LogSource, options: LogOptions): AsyncGenerator<Buffer> {
  const renderer = new LogRenderer(options)
  let from: 'tail' | 'start' = 'tail'
  for (;;) {
    const file = await open(source.path)
    try {
      const offset = from === 'tail' && options.tailLines !== undefined ? await tailStart(file, options.tailLines) : 0
      const outcome = yield* readFile(file, offset, { source, options, renderer })
      if (outcome === 'ended') return
    } finally {
      await file.close()
    }
    from = 'start'
  }
}

interface Reading {
  readonly source: LogSource
  readonly options: LogOptions
  readonly renderer: LogRenderer
}

async function* readFile(file: FileHandle, offset: number, reading: Reading): AsyncGenerator<Buffer, 'ended' | 'rotated'> {
  const { source, options, renderer } = reading
  const splitter = new LineSplitter()
  let position = offset
  for (;;) {
    // What is asked before reading holds after it: a container that has ended writes no more.
    const mayGrow = options.follow && (await source.isRunning())
    const rotated = options.follow && (await isRotated(file, source.path))
    for (let chunk = await read(file, position); chunk.length > 0; chunk = await read(file, position)) {
      position += chunk.length
      const text = render(splitter.push(chunk), renderer)
      if (text.length > 0) yield text
      if (renderer.isFull || source.signal.aborted) return 'ended'
    }
    if (rotated) return 'rotated'
    if (!mayGrow || source.signal.aborted) return 'ended'
    await change(source)
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

/** Resolves when something happened in the log's directory, or after a while. */
function change({ path, signal }: LogSource): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer)
      signal.removeEventListener('abort', done)
      watcher.close()
      resolve()
    }
    const timer = setTimeout(done, lookAgainMs)
    const watcher = watch(dirname(path), done)
    // A directory that vanishes is found out by reading.
    watcher.on('error', done)
    signal.addEventListener('abort', done, { once: true })
  })
}
