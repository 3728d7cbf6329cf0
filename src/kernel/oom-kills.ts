import { closeSync, constants, openSync, readFileSync, readSync } from 'node:fs'
import { basename } from 'node:path'
import { Lru } from '../base/lru.ts'

/** What the kernel has ended for want of memory. */
export interface OomKills {
  /** Whether a process of the control group with this name, the last part of its path, was killed for want of memory. */
  hasKilledIn(group: string): boolean
}

export interface KernelFiles {
  readonly log: string
  readonly counters: string
}

const kernelFiles: KernelFiles = { log: '/dev/kmsg', counters: '/proc/vmstat' }
/** Of one record (Documentation/ABI/testing/dev-kmsg). */
const longestRecord = 8192
const mostGroups = 4096

/**
 * Reads the kernel's log, but only what is new in it, and only if the kernel has counted a kill since the last look.
 * Where the log cannot be read, nothing was killed as far as is known.
 */
export class KernelOomKills implements OomKills, Disposable {
  readonly #files: KernelFiles
  readonly #groups = new Lru<true>(mostGroups)
  #counted = '0'
  /** Undefined until there is something to read, and where it cannot be read. */
  #log: number | undefined

  constructor(files: KernelFiles = kernelFiles) {
    this.#files = files
  }

  hasKilledIn(group: string): boolean {
    const counted = killsIn(readFileSync(this.#files.counters, 'utf8'))
    if (counted !== this.#counted) this.#readOn()
    this.#counted = counted
    return this.#groups.get(group) === true
  }

  [Symbol.dispose](): void {
    if (this.#log !== undefined) closeSync(this.#log)
    this.#log = undefined
  }

  #readOn(): void {
    this.#log ??= openIfAllowed(this.#files.log)
    if (this.#log === undefined) return
    const record = Buffer.alloc(longestRecord)
    for (let length = readRecord(this.#log, record); length > 0; length = readRecord(this.#log, record)) {
      const group = groupOf(record.toString('utf8', 0, length))
      if (group !== undefined) this.#groups.set(group, true)
    }
  }
}

/** The counter `oom_kill` of /proc/vmstat. */
function killsIn(counters: string): string {
  return /^oom_kill (\d+)$/m.exec(counters)?.[1] ?? '0'
}

/** The name of the group that a line of the kernel's log says a process was killed in. */
export function groupOf(line: string): string | undefined {
  const [, path] = /oom-kill:.*,task_memcg=([^,\s]+),task=/.exec(line) ?? []
  return path === undefined ? undefined : basename(path)
}

function openIfAllowed(file: string): number | undefined {
  try {
    return openSync(file, constants.O_RDONLY | constants.O_NONBLOCK)
  } catch (error) {
    if (['ENOENT', 'EPERM', 'EACCES'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined
    throw error
  }
}

/** The length of the next record; 0 if there is none yet. What the kernel has overwritten meanwhile is passed over. */
function readRecord(log: number, record: Buffer): number {
  for (;;) {
    try {
      return readSync(log, record)
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      if (code === 'EAGAIN') return 0
      if (code !== 'EPIPE') throw error
    }
  }
}
