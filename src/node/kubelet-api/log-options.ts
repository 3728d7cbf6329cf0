/** What of a log is asked for, core/v1 `PodLogOptions`. */
export interface LogOptions {
  readonly follow: boolean
  readonly previous: boolean
  readonly timestamps: boolean
  /** Lines from the end; undefined for all. */
  readonly tailLines: number | undefined
  readonly since: Date | undefined
  readonly limitBytes: number | undefined
  readonly stream: 'All' | 'Stdout' | 'Stderr'
}

export class BadLogOptions extends Error {
  override readonly name = 'BadLogOptions'
}

/** Reads the query of a log request. Throws `BadLogOptions`. */
export function parseLogOptions(query: URLSearchParams, now: Date): LogOptions {
  const sinceSeconds = number(query, 'sinceSeconds', 1)
  const sinceTime = query.get('sinceTime')
  if (sinceSeconds !== undefined && sinceTime !== null) {
    throw new BadLogOptions('at most one of `sinceTime` or `sinceSeconds` may be specified')
  }
  const stream = query.get('stream') ?? 'All'
  if (stream !== 'All' && stream !== 'Stdout' && stream !== 'Stderr') {
    const supported = 'supported values: "All", "Stderr", "Stdout"'
    throw new BadLogOptions(`stream: Unsupported value: ${JSON.stringify(stream)}: ${supported}`)
  }
  return {
    follow: flag(query, 'follow'),
    previous: flag(query, 'previous'),
    timestamps: flag(query, 'timestamps'),
    tailLines: number(query, 'tailLines', 0),
    since: sinceTime === null ? secondsBefore(now, sinceSeconds) : time(sinceTime),
    limitBytes: number(query, 'limitBytes', 1),
    stream,
  }
}

function flag(query: URLSearchParams, name: string): boolean {
  const value = query.get(name)
  return value === '' || value === 'true' || value === '1'
}

function number(query: URLSearchParams, name: string, least: number): number | undefined {
  const text = query.get(name)
  if (text === null || text === '') return undefined
  const value = Number(text)
  if (!Number.isInteger(value) || value < least) {
    throw new BadLogOptions(`${name}: Invalid value: ${JSON.stringify(text)}: must be a number not less than ${least}`)
  }
  return value
}

function time(text: string): Date {
  const value = new Date(text)
  if (!Number.isNaN(value.getTime())) return value
  throw new BadLogOptions(`sinceTime: Invalid value: ${JSON.stringify(text)}: must be RFC 3339`)
}

function secondsBefore(now: Date, seconds: number | undefined): Date | undefined {
  return seconds === undefined ? undefined : new Date(now.getTime() - seconds * 1000)
}
