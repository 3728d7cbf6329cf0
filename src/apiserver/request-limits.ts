import { badRequest, StatusError } from '../api/errors.ts'
import type { Clock } from '../base/clock.ts'
import type { ApiRequest, User } from './request.ts'
import { type ResourcePath, verbOf } from './request-info.ts'

/** Requests answered at once, as many as upstream takes: --max-requests-inflight and --max-mutating-requests-inflight. */
const maxAtOnce = 600
/** Subresources whose answers go on as long as their clients like. */
const goingOn: ReadonlySet<string> = new Set(['attach', 'exec', 'log', 'portforward', 'proxy'])

/** Whether a request has no bounds in number and time (k8s.io/apiserver/pkg/server `BasicLongRunningRequestCheck`). */
export function isLongRunning({ method, query }: Pick<ApiRequest, 'method' | 'query'>, path: ResourcePath | undefined): boolean {
  if (path === undefined) return false
  return verbOf(method, path, query) === 'watch' || goingOn.has(path.subresource ?? '')
}

/** Counts requests under way. Administrators are not refused: whoever mends an overload must get through. */
export class RequestSlots {
  #taken = 0

  /** The result gives the slot back. Throws a 429. */
  take({ groups }: User): () => void {
    if (this.#taken >= maxAtOnce && !groups.includes('system:masters')) throw tooManyRequests()
    this.#taken += 1
    let isTaken = true
    return () => {
      if (isTaken) this.#taken -= 1
      isTaken = false
    }
  }
}

function tooManyRequests(): StatusError {
  return new StatusError(429, 'TooManyRequests', 'Too many requests, please try again later.', { retryAfterSeconds: 1 })
}

/** Resolves as the work does, unless it takes longer: then throws a 504, and the work goes on for nobody. */
export function within<T>(work: Promise<T>, ms: number, clock: Pick<Clock, 'after'>): Promise<T> {
  const { promise, resolve, reject } = Promise.withResolvers<T>()
  const cancel = clock.after(ms, () => reject(timedOut()))
  void work.finally(cancel).then(resolve, reject)
  return promise
}

function timedOut(): StatusError {
  return new StatusError(504, 'Timeout', 'Timeout: request did not complete within the allotted timeout', {})
}

/** `?timeout=` in milliseconds, at most `longestMs`, which is also meant by its absence and by zero. Throws a 400. */
export function timeoutMsOf(query: URLSearchParams, longestMs: number): number {
  const text = query.get('timeout') ?? ''
  if (text === '') return longestMs
  const ms = durationMs(text)
  return ms === 0 ? longestMs : Math.min(ms, longestMs)
}

const unitMs: Readonly<Record<string, number>> = { ns: 1e-6, us: 1e-3, µs: 1e-3, μs: 1e-3, ms: 1, s: 1000, m: 60_000, h: 3_600_000 }
/** The micro sign and the Greek letter: both are written for microseconds. */
const micro = '\u00b5\u03bc'
const durationPart = new RegExp(`(\\d+\\.?\\d*|\\.\\d+)([nu${micro}]s|ms|s|m|h)`, 'y')

/** A duration in Go's form, `1m30s` (https://pkg.go.dev/time#ParseDuration). */
function durationMs(text: string): number {
  const rest = text.replace(/^[+-]/, '')
  if (rest === '0') return 0
  let total = 0
  durationPart.lastIndex = 0
  for (let at = 0; at < rest.length; at = durationPart.lastIndex) {
    const [, number = '', unit = ''] = durationPart.exec(rest) ?? []
    if (unit === '') throw badRequest(`invalid timeout specified in the request URL - time: ${problemOf(text, rest)}`)
    total += Number(number) * (unitMs[unit] ?? NaN)
  }
  if (rest === '') throw badRequest(`invalid timeout specified in the request URL - time: ${problemOf(text, rest)}`)
  return text.startsWith('-') ? 0.001 : total
}

function problemOf(text: string, rest: string): string {
  const isNumber = new RegExp(`(^|[a-z${micro}])(\\d+\\.?\\d*|\\.\\d+)$`).test(rest)
  return `${isNumber ? 'missing unit in' : 'invalid'} duration ${JSON.stringify(text)}`
}
