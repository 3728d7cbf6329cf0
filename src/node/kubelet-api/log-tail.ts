import type { FileHandle } from 'node:fs/promises'

const blockSize = 64 * 1024
const lineEnd = 0x0a
const space = 0x20

/** Where the last `lines` lines of a log begin, in bytes. The pieces of a line count as one. */
export async function tailStart(file: FileHandle, lines: number): Promise<number> {
  let missing = lines
  let { size: start } = await file.stat()
  for await (const { offset, line } of linesBackwards(file, start)) {
    if (endsLine(line)) {
      if (missing === 0) return start
      missing -= 1
    }
    start = offset
  }
  return start
}

interface RawLine {
  readonly offset: number
  /** Without its line end. */
  readonly line: Buffer
}

/** The raw lines of a file from the last to the first; no more of it is read than is asked for. */
async function* linesBackwards(file: FileHandle, size: number): AsyncGenerator<RawLine> {
  let rest: Buffer = Buffer.alloc(0)
  let end = size
  while (end > 0) {
    const start = Math.max(0, end - blockSize)
    const block = Buffer.concat([await read(file, start, end), rest])
    // The end of the file's last line begins no other line.
    let stop = end === size && block.at(-1) === lineEnd ? block.length - 1 : block.length
    for (let at = lineEndBefore(block, stop); at >= 0; at = lineEndBefore(block, stop)) {
      yield { offset: start + at + 1, line: block.subarray(at + 1, stop) }
      stop = at
    }
    rest = Buffer.from(block.subarray(0, stop))
    end = start
  }
  if (size > 0) yield { offset: 0, line: rest }
}

function lineEndBefore(block: Buffer, stop: number): number {
  return stop === 0 ? -1 : block.lastIndexOf(lineEnd, stop - 1)
}

async function read(file: FileHandle, start: number, end: number): Promise<Buffer> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(end - start), 0, end - start, start)
  return buffer.subarray(0, bytesRead)
}

/** Whether a raw line is whole or the last piece of one: anything but the tag `P`. */
function endsLine(line: Buffer): boolean {
  const tag = line.indexOf(space, line.indexOf(space) + 1) + 1
  return line.toString('latin1', tag, tag + 1) !== 'P'
}
