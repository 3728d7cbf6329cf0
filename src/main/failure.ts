import type { Log } from '../base/log.ts'

/**
 * From now on what nobody has caught, promises included, is written to the log and ends the process with code 1: what
 * state it is in cannot be known, and its supervisor starts it again.
 */
export function endOnFailure(log: Log): void {
  process.on('uncaughtException', (error: unknown) => {
    log.error({ error }, 'failed; the process ends')
    process.exit(1)
  })
}
