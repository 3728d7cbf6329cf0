import { destination as openDestination, pino, stdSerializers, stdTimeFunctions } from 'pino'
import type { Log } from './log.ts'

export type LogLevel = 'debug' | 'info' | 'warn' | 'error'

export interface JsonLogOptions {
  /** Name of the process, on every line. */
  readonly process: string
  /** Lines below are left out; `info` unless given. */
  readonly level?: LogLevel
  /** A descriptor, or the path of a file that is appended to; standard error unless given. */
  readonly destination?: number | string
}

/**
 * A log of one JSON object per line: `level`, `time` (RFC 3339), `process`, the fields, `msg`. Errors under `err` and
 * `error` are written with type, message and stack. Each line is written before the call returns, so that the last
 * ones of a crashing process are there.
 */
export function jsonLog({ process, level = 'info', destination = 2 }: JsonLogOptions): Log {
  const options = {
    level,
    base: { process },
    timestamp: stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    serializers: { err: stdSerializers.err, error: stdSerializers.err },
  }
  return pino(options, openDestination({ dest: destination, sync: true, mkdir: true }))
}
