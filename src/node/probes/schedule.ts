/** When the first probe of a loop is done, and when it counts as due. Monotonic milliseconds. */
export interface Beginning {
  readonly firstMs: number
  readonly dueMs: number
}

export interface ScheduleInputs {
  /** Of the container. */
  readonly startedAt: Date
  readonly initialDelayMs: number
  readonly periodMs: number
  /** An agent before this one has probed the container: the schedule goes on as it was, and nothing comes in a burst. */
  readonly isResumed: boolean
}

/**
 * Periods are counted from the end of the initial delay, so that a restarted agent keeps every probe's place. Who comes
 * later than a whole period to a probe that nobody has done yet does it at once and counts from there.
 */
export function beginningOf(inputs: ScheduleInputs, now: { readonly date: Date; readonly monotonicMs: number }): Beginning {
  const { startedAt, initialDelayMs, periodMs, isResumed } = inputs
  const lateMs = now.date.getTime() - startedAt.getTime() - initialDelayMs
  const originMs = now.monotonicMs - lateMs
  const nextMs = originMs + Math.max(0, Math.ceil(lateMs / periodMs)) * periodMs
  if (lateMs <= 0 || isResumed) return { firstMs: nextMs, dueMs: nextMs }
  return { firstMs: now.monotonicMs, dueMs: lateMs < periodMs ? originMs : now.monotonicMs }
}

/**
 * When the probe after the one of `dueMs` is due: a period later, whatever the probe took. Of those that a long probe
 * has run over one is made up for.
 */
export function nextDueMs(dueMs: number, periodMs: number, nowMs: number): number {
  return dueMs + Math.max(1, Math.floor((nowMs - dueMs) / periodMs)) * periodMs
}
