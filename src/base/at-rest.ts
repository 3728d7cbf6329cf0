import { createHook } from 'node:async_hooks'
import { setImmediate as nextTurn, setTimeout as pause } from 'node:timers/promises'

/** A turn may have started what only the next one shows. */
const quietTurns = 3

/** Work that has not ended by then, in milliseconds, never will. */
const longestMs = 15_000

/** Operations that have begun and not come back, by their asynchronous id, since this module was loaded. */
const underWay = new Set<number>()

createHook({
  init(id, type) {
    if (/^(FSREQ|FILEHANDLECLOSEREQ|Immediate$)/.test(type)) underWay.add(id)
  },
  after: (id) => underWay.delete(id),
  destroy: (id) => underWay.delete(id),
}).enable()

/**
 * For tests whose world is fakes, a manual clock and files: resolves once everything waits for the clock or for the test.
 * Then no file operation is under way and what followed from the last ones has been done. Timers, sockets and processes
 * of the operating system are not seen. Rejects if it never comes to that.
 */
export async function atRest(): Promise<void> {
  const deadline = performance.now() + longestMs
  for (let quiet = 0; quiet < quietTurns; quiet += 1) {
    await nextTurn()
    while (underWay.size > 0) {
      quiet = 0
      if (performance.now() > deadline) throw new Error(`no rest within ${longestMs} ms: a file operation hangs, or work goes round in a circle`)
      await pause(1)
    }
  }
}
