import { StatusError, type StatusDetails } from '../api/errors.ts'

/** Reasons for answers without a Status, close to upstream's client (apimachinery, `NewGenericServerResponse`). */
const reasons: Readonly<Record<number, string>> = {
  400: 'BadRequest',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'NotFound',
  405: 'MethodNotAllowed',
  406: 'NotAcceptable',
  409: 'Conflict',
  410: 'Expired',
  413: 'RequestEntityTooLarge',
  415: 'UnsupportedMediaType',
  422: 'Invalid',
  429: 'TooManyRequests',
  500: 'InternalError',
  503: 'ServiceUnavailable',
  504: 'Timeout',
}

const longestLine = 300

/** The error of an answer with a code of 400 or more: the server's own words, whatever form they came in. */
export function errorFromAnswer(code: number, body: string): StatusError {
  const status = parseStatus(body)
  if (status !== undefined) return errorFromStatus(status, code)
  const [line = ''] = body.trim().split('\n', 1)
  const message = line === '' ? `the server answered ${code} without a message` : line.slice(0, longestLine)
  return new StatusError(code, reasons[code] ?? 'Unknown', message)
}

/** The error of a Status object; `code` is taken if it has none. */
export function errorFromStatus(status: object, code: number): StatusError {
  const parts = status as { code?: number; reason?: string; message?: string; details?: StatusDetails }
  const actual = parts.code ?? code
  const message = parts.message ?? `the server answered ${actual} without a message`
  return new StatusError(actual, parts.reason ?? reasons[actual] ?? 'Unknown', message, parts.details)
}

function parseStatus(body: string): object | undefined {
  if (!body.startsWith('{')) return undefined
  try {
    const value: unknown = JSON.parse(body)
    return typeof value === 'object' && value !== null && Reflect.get(value, 'kind') === 'Status' ? value : undefined
  } catch {
    // Cut off, or some other text with a brace in front: its first line is the message then.
    return undefined
  }
}
