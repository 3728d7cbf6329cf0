/**
 * One line of a log as the runtime writes it, `TIME STREAM TAGS CONTENT`
 * (https://github.com/kubernetes/design-proposals-archive/blob/main/node/kubelet-cri-logging.md).
 */
export interface LogLine {
  /** RFC 3339 with nanoseconds, as written. */
  readonly time: string
  readonly stream: 'stdout' | 'stderr'
  /** Only a piece of a line: the next one continues it. */
  readonly partial: boolean
  readonly content: Buffer
}

const space = 0x20

/** Reads one line, without its line end. Undefined for what is not in this form, e.g. a line cut by a crash. */
export function parseLogLine(line: Buffer): LogLine | undefined {
  const timeEnd = line.indexOf(space)
  const streamEnd = line.indexOf(space, timeEnd + 1)
  const tagsEnd = line.indexOf(space, streamEnd + 1)
  if (timeEnd < 0 || streamEnd < 0) return undefined
  const stream = line.toString('latin1', timeEnd + 1, streamEnd)
  const time = line.toString('latin1', 0, timeEnd)
  if ((stream !== 'stdout' && stream !== 'stderr') || Number.isNaN(Date.parse(time))) return undefined
  const tags = line.toString('latin1', streamEnd + 1, tagsEnd < 0 ? line.length : tagsEnd).split(':')
  const content = tagsEnd < 0 ? line.subarray(line.length) : line.subarray(tagsEnd + 1)
  return { time, stream, partial: tags[0] === 'P', content }
}

/** Cuts a stream of bytes into lines; what is left of the last one waits for its end. */
export class LineSplitter {
  #rest: Buffer = Buffer.alloc(0)

  push(chunk: Buffer): readonly Buffer[] {
    const whole = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk])
    const lines: Buffer[] = []
    let start = 0
    for (let end = whole.indexOf(0x0a); end >= 0; end = whole.indexOf(0x0a, start)) {
      lines.push(whole.subarray(start, end))
      start = end + 1
    }
    // A copy, so that a large chunk is not kept for the sake of its last bytes.
    this.#rest = Buffer.from(whole.subarray(start))
    return lines
  }
}
