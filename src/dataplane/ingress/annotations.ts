import { parseCidr, parseIPv4 } from '../../base/ip.ts'
import type { Canary, Cors, Settings, Wishes } from './settings.ts'

/** What all annotations of ours begin with. */
export const annotationPrefix = 'portolan.dev/'

/** Why a value cannot be used: "must be …". */
class BadValue extends Error {
  override readonly name = 'BadValue'
}

type Reader<T> = (text: string) => T

/**
 * Every annotation that an Ingress may have, and what its value must be. What is read here ends up in HAProxy's
 * configuration, so each reader lets nothing through but what it knows.
 */
const readers = {
  'ssl-redirect': flag,
  'rewrite-target': matching(/^\/[A-Za-z0-9/_.~-]*$/, 'a path of letters, digits and "/_.~-"'),
  'connect-timeout': duration,
  'response-timeout': duration,
  'max-body-size': size,
  'backend-protocol': oneOf({ HTTP: undefined, HTTPS: 'https', H2C: 'h2c', GRPC: 'h2c' } as const),
  'cors-allow-origin': list(matching(/^(\*|https?:\/\/[A-Za-z0-9.-]+(:\d{1,5})?)$/, '"*", or origins such as "https://example.com"')),
  'cors-allow-methods': list(matching(/^[A-Z]{1,20}$/, 'methods such as "GET, POST"')),
  'cors-allow-headers': list(matching(/^[A-Za-z0-9-]{1,80}$/, 'names of headers')),
  'cors-allow-credentials': flag,
  'cors-max-age': wholeNumber(0, 86_400),
  'auth-secret': matching(/^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/, 'the name of a Secret'),
  'auth-realm': matching(/^[A-Za-z0-9 _.-]{1,64}$/, 'at most 64 letters, digits, blanks and "_.-"'),
  'rate-limit': wholeNumber(1, 1_000_000),
  'allow-source-ranges': list(sourceRange),
  'sticky-cookie': matching(/^[A-Za-z0-9_-]{1,64}$/, 'at most 64 letters, digits and "_-"'),
  canary: flag,
  'canary-weight': wholeNumber(0, 100),
  'canary-header': matching(/^[A-Za-z0-9-]{1,80}$/, 'the name of a header'),
  'share-hosts-with': list(matching(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/, 'names of namespaces')),
} as const satisfies Record<string, Reader<unknown>>

type Name = keyof typeof readers
type Values = { readonly [N in Name]?: ReturnType<(typeof readers)[N]> }

export const annotationNames: readonly string[] = Object.keys(readers)

/** What the annotations ask for; a value that cannot be used counts as not there, and `problems` says why. */
export function wishesOf(annotations: Readonly<Record<string, string>>): { wishes: Wishes; problems: readonly string[] } {
  const problems: string[] = []
  const values: Record<string, unknown> = {}
  for (const [key, text] of Object.entries(annotations)) {
    if (!key.startsWith(annotationPrefix)) continue
    const name = key.slice(annotationPrefix.length)
    if (!isName(name)) {
      problems.push(`annotation ${key} is not known`)
      continue
    }
    try {
      values[name] = readers[name](text.trim())
    } catch (error) {
      if (!(error instanceof BadValue)) throw error
      problems.push(`annotation ${key}: ${JSON.stringify(text.slice(0, 100))} ${error.message}`)
    }
  }
  return { wishes: wishes(values as Values), problems }
}

function isName(name: string): name is Name {
  return Object.hasOwn(readers, name)
}

function wishes(values: Values): Wishes {
  return {
    settings: settingsOf(values),
    ...(values.canary === true ? { canary: canaryOf(values) } : {}),
    sharesHostsWith: values['share-hosts-with'] ?? [],
  }
}

function settingsOf(values: Values): Settings {
  const secret = values['auth-secret']
  return dropUndefined({
    sslRedirect: values['ssl-redirect'] === true ? true : undefined,
    rewriteTarget: values['rewrite-target'],
    connectTimeoutMs: values['connect-timeout'],
    responseTimeoutMs: values['response-timeout'],
    maxBodySize: values['max-body-size'],
    protocol: values['backend-protocol'],
    cors: corsOf(values),
    auth: secret === undefined ? undefined : { secret, realm: values['auth-realm'] ?? 'Restricted' },
    rateLimit: values['rate-limit'],
    allowedSources: values['allow-source-ranges'],
    stickyCookie: values['sticky-cookie'],
  })
}

function corsOf(values: Values): Cors | undefined {
  const origins = values['cors-allow-origin']
  if (origins === undefined) return undefined
  return {
    origins,
    methods: values['cors-allow-methods'] ?? ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'],
    headers: values['cors-allow-headers'] ?? ['Authorization', 'Content-Type', 'X-Requested-With'],
    allowsCredentials: values['cors-allow-credentials'] ?? false,
    maxAgeSeconds: values['cors-max-age'] ?? 600,
  }
}

function canaryOf(values: Values): Canary {
  const header = values['canary-header']
  return { weight: values['canary-weight'] ?? 0, ...(header === undefined ? {} : { header }) }
}

type Defined<T> = { [K in keyof T]?: Exclude<T[K], undefined> }

function dropUndefined<T extends object>(values: T): Defined<T> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Defined<T>
}

function flag(text: string): boolean {
  if (text === 'true') return true
  if (text === 'false') return false
  throw new BadValue('must be "true" or "false"')
}

function matching(pattern: RegExp, what: string): Reader<string> {
  return (text) => {
    if (!pattern.test(text)) throw new BadValue(`must be ${what}`)
    return text
  }
}

function list(item: Reader<string>): Reader<readonly string[]> {
  return (text) => {
    const items = text.split(',').map((each) => each.trim())
    if (items.length > 256) throw new BadValue('must not have more than 256 items')
    return items.map(item)
  }
}

function oneOf<T>(values: Readonly<Record<string, T>>): Reader<T> {
  return (text) => {
    const name = text.toUpperCase()
    if (!Object.hasOwn(values, name)) throw new BadValue(`must be one of ${Object.keys(values).join(', ')}`)
    return values[name] as T
  }
}

function wholeNumber(least: number, most: number): Reader<number> {
  return (text) => {
    const value = /^\d{1,9}$/.test(text) ? Number(text) : NaN
    if (!(value >= least && value <= most)) throw new BadValue(`must be a whole number from ${least} to ${most}`)
    return value
  }
}

const msOf: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 }
const longestMs = 24 * 3_600_000

/** In milliseconds; a bare number is of seconds. */
function duration(text: string): number {
  const [, digits = '', unit = 's'] = /^(\d{1,8})(ms|s|m|h)?$/.exec(text) ?? []
  const value = digits === '' ? NaN : Number(digits) * (msOf[unit] ?? NaN)
  if (!(value >= 1 && value <= longestMs)) throw new BadValue('must be a duration such as "30s", at most 24h')
  return value
}

const bytesOf: Readonly<Record<string, number>> = { '': 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3 }

function size(text: string): number {
  const [, digits = '', unit = ''] = /^(\d{1,10})([kmg])?$/i.exec(text) ?? []
  const value = digits === '' ? NaN : Number(digits) * (bytesOf[unit.toLowerCase()] ?? NaN)
  if (!(value >= 1 && value <= 1024 ** 4)) throw new BadValue('must be a size such as "8m"')
  return value
}

function sourceRange(text: string): string {
  if (parseCidr(text) === undefined && parseIPv4(text) === undefined) {
    throw new BadValue('must be IPv4 addresses and ranges such as "10.0.0.0/8"')
  }
  return text
}
