import type { Clock } from '../base/clock.ts'
import type { Log } from '../base/log.ts'
import type { Store } from '../storage/store.ts'

/** How long history is kept for watches to resume from, and how often older history is dropped; as kube-apiserver's. */
const historyMs = 300_000

/** Drops history older than five minutes until the signal aborts. A failure is logged and tried again the next time. */
export async function compactRegularly(store: Store, { clock, log }: { clock: Clock; log: Log }, signal: AbortSignal): Promise<void> {
  let previous = store.revision
  while (!signal.aborted) {
    try {
      await clock.sleep(historyMs, signal)
    } catch (error) {
      if (signal.aborted) return
      throw error
    }
    try {
      if (previous > store.compactedRevision) await store.compact(previous)
      previous = store.revision
    } catch (error) {
      log.error({ error, revision: previous }, 'compaction failed')
    }
  }
}
