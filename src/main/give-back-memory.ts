import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { Clock } from '../base/clock.ts'

/** How long a process is looked at before it counts as idle. */
const windowMs = 5000
/** The share of that time in which it may have been busy. */
const idleShare = 0.05
/** A larger heap is full of what is needed, and to go through it would stop the process for long. */
const largestHeapBytes = 64 * 1024 * 1024

export interface GiveBackDeps {
  readonly clock: Clock
  /** The time of a processor that was spent so far, in milliseconds: unlike time that passes, the same on a busy machine. */
  readonly spentMs?: () => number
  readonly collect?: () => void
}

/**
 * Collects the garbage that starting has left, thoroughly and once, as soon as the process is idle: V8 by itself keeps most of
 * it until something needs the room, which in a process that waits is never. Costs some 50 ms at a time when nobody asks.
 */
export function giveBackMemory({ clock, spentMs = processorMs, collect = collectAll }: GiveBackDeps): void {
  const before = spentMs()
  clock.after(windowMs, () => {
    if (spentMs() - before > windowMs * idleShare) giveBackMemory({ clock, spentMs, collect })
    else collect()
  })
}

function processorMs(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}

/** The way to it that Node.js documents for programs (`v8.setFlagsFromString`, `--expose-gc`). */
function collectAll(): void {
  if (process.memoryUsage().heapUsed > largestHeapBytes) return
  setFlagsFromString('--expose-gc')
  const gc = runInNewContext('gc') as NonNullable<typeof globalThis.gc>
  setFlagsFromString('--no-expose-gc')
  gc({ type: 'major', execution: 'sync', flavor: 'last-resort' })
}
