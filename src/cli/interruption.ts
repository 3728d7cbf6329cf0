import { UserError } from './context.ts'

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/** While it is open, Ctrl-C and the like do not end this process but abort the signal: what was begun can be undone. */
export interface Interruption extends Disposable {
  /** Its reason is a `UserError`. */
  readonly signal: AbortSignal
}

export function interruption(): Interruption {
  const aborter = new AbortController()
  const abort = () => aborter.abort(new UserError('interrupted: nothing was started'))
  for (const signal of signals) process.on(signal, abort)
  return {
    signal: aborter.signal,
    [Symbol.dispose]: () => {
      for (const signal of signals) process.off(signal, abort)
    },
  }
}
