import type { LogLine } from './cri-log.ts'
import type { LogOptions } from './log-options.ts'

/** Turns log lines into what the client asked for, and counts against its limit of bytes. */
export class LogRenderer {
  readonly #options: LogOptions
  readonly #midLine = new Set<LogLine['stream']>()
  #left: number

  constructor(options: LogOptions) {
    this.#options = options
    this.#left = options.limitBytes ?? Infinity
  }

  /** Nothing more is to be sent. */
  get isFull(): boolean {
    return this.#left <= 0
  }

  render(line: LogLine): Buffer {
    if (!this.#isWanted(line)) return Buffer.alloc(0)
    const begins = !this.#midLine.has(line.stream)
    if (line.partial) this.#midLine.add(line.stream)
    else this.#midLine.delete(line.stream)
    const parts = [line.content]
    if (this.#options.timestamps && begins) parts.unshift(Buffer.from(`${line.time} `))
    if (!line.partial) parts.push(Buffer.from('\n'))
    const whole = Buffer.concat(parts)
    const sent = whole.length > this.#left ? whole.subarray(0, this.#left) : whole
    this.#left -= sent.length
    return sent
  }

  #isWanted({ time, stream }: LogLine): boolean {
    const { since, stream: wanted } = this.#options
    if (wanted !== 'All' && wanted.toLowerCase() !== stream) return false
    return since === undefined || new Date(time) >= since
  }
}
