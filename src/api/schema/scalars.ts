/** Reading of scalar values as Go's decoder and the types' own decoders read them, with their messages. */
import { canonicalQuantity, QuantityError } from '../quantity.ts'
import type { Scalar } from './schema.ts'

/** The value has the wrong JSON type; the decoder adds which field it was for. */
export class WrongType extends Error {
  /** As Go names it: `string`, `number 1.5`, `object`. */
  readonly found: string
  /** `int32` */
  readonly goType: string

  constructor(found: string, goType: string) {
    super(`${found} is not ${goType}`)
    this.found = found
    this.goType = goType
  }
}

/** The value has the right type but cannot be read; the message stands for itself. */
export class UnreadableValue extends Error {
  override readonly name = 'UnreadableValue'
}

const goTypes: Record<Exclude<Scalar, 'any' | 'quantity'>, string> = {
  string: 'string',
  boolean: 'bool',
  int32: 'int32',
  int64: 'int64',
  double: 'float64',
  time: 'string',
  'micro-time': 'string',
  bytes: '[]uint8',
  'int-or-string': 'int32',
}

/** As Go prints the type, `[]uint8`. */
export function goTypeOf(scalar: Scalar): string {
  if (scalar === 'any') return 'interface {}'
  return scalar === 'quantity' ? 'resource.Quantity' : goTypes[scalar]
}

/** Throws `WrongType` or `UnreadableValue`. `null` must have been dealt with, and `any` is not for here. */
export function readScalar(value: unknown, scalar: Exclude<Scalar, 'any'>): string | number | boolean {
  switch (scalar) {
    case 'string':
      return stringOf(value, 'string')
    case 'boolean':
      if (typeof value === 'boolean') return value
      throw new WrongType(describe(value), 'bool')
    case 'int32':
    case 'int64':
      return integerOf(value, scalar)
    case 'double':
      if (typeof value === 'number') return value
      throw new WrongType(describe(value), 'float64')
    case 'int-or-string':
      return typeof value === 'string' ? value : integerOf(value, 'int32')
    case 'time':
      return formatTime(stringOf(value, 'string'), secondsLayout, 0)
    case 'micro-time':
      return formatTime(stringOf(value, 'string'), microsecondsLayout, 6)
    case 'bytes':
      return base64Of(stringOf(value, '[]uint8'))
    case 'quantity':
      return quantityOf(value)
    default:
      return scalar satisfies never
  }
}

/** What Go leaves in a list or map where a null stood. */
export function zeroOf(scalar: Scalar): unknown {
  switch (scalar) {
    case 'string':
    case 'bytes':
      return ''
    case 'boolean':
      return false
    case 'int32':
    case 'int64':
    case 'double':
    case 'int-or-string':
      return 0
    case 'quantity':
      return '0'
    case 'time':
    case 'micro-time':
    case 'any':
      return null
    default:
      return scalar satisfies never
  }
}

/** How Go's decoder calls a JSON value: without its content. */
export function describe(value: unknown): string {
  if (Array.isArray(value)) return 'array'
  if (value === null) return 'null'
  return typeof value === 'boolean' ? 'bool' : typeof value
}

function stringOf(value: unknown, goType: string): string {
  if (typeof value === 'string') return value
  throw new WrongType(describe(value), goType)
}

function integerOf(value: unknown, goType: 'int32' | 'int64'): number {
  if (typeof value !== 'number') throw new WrongType(describe(value), goType)
  const limit = goType === 'int32' ? 2 ** 31 : 2 ** 63
  if (Number.isInteger(value) && value >= -limit && value < limit) return value
  throw new WrongType(`number ${value}`, goType)
}

function quantityOf(value: unknown): string {
  if (typeof value !== 'string' && typeof value !== 'number') throw new UnreadableValue(notAQuantity())
  try {
    return canonicalQuantity(String(value).trim())
  } catch (error) {
    if (error instanceof QuantityError) throw new UnreadableValue(error.message)
    throw error
  }
}

/** What reading `{}` or `true` as a quantity says. */
function notAQuantity(): string {
  return "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
}

const secondsLayout = '2006-01-02T15:04:05Z07:00'
const microsecondsLayout = '2006-01-02T15:04:05.000000Z07:00'
const layoutParts: readonly [string, RegExp][] = [
  ['2006', /^\d{4}/],
  ['-', /^-/],
  ['01', /^\d{2}/],
  ['-', /^-/],
  ['02', /^\d{2}/],
  ['T', /^T/],
  ['15', /^\d{2}/],
  [':', /^:/],
  ['04', /^\d{2}/],
  [':', /^:/],
  ['05', /^\d{2}([.,]\d+)?/],
  ['Z07:00', /^(Z|[+-]\d{2}:\d{2})/],
]

/** RFC 3339 in UTC with so many digits after the second. */
function formatTime(text: string, layout: string, digits: number): string {
  let rest = text
  const fail = (why: string): never => {
    throw new UnreadableValue(`parsing time ${JSON.stringify(text)}${why}`)
  }
  for (const [part, pattern] of layoutParts) {
    const [found] = pattern.exec(rest) ?? []
    if (found === undefined) return fail(` as "${layout}": cannot parse ${JSON.stringify(rest)} as "${part}"`)
    rest = rest.slice(found.length)
  }
  if (rest !== '') return fail(`: extra text: ${JSON.stringify(rest)}`)
  const milliseconds = Date.parse(text.replace(',', '.'))
  if (Number.isNaN(milliseconds) || !isCalendarDay(text)) return fail(': day out of range')
  const seconds = new Date(milliseconds).toISOString().slice(0, 19)
  const fraction = (/[.,](\d+)/.exec(text)?.[1] ?? '').padEnd(digits, '0').slice(0, digits)
  return `${seconds}${digits === 0 ? '' : `.${fraction}`}Z`
}

/** JavaScript would take 30 February for 2 March. */
function isCalendarDay(text: string): boolean {
  const [year, month, day] = text.slice(0, 10).split('-').map(Number)
  return new Date(Date.UTC(year ?? 0, (month ?? 0) - 1, day ?? 0)).getUTCDate() === day
}

/** Standard base64 with padding; line breaks are taken out. */
function base64Of(text: string): string {
  const clean = text.replaceAll(/[\r\n]/g, '')
  const bad = badBase64At(clean)
  if (bad !== undefined) throw new UnreadableValue(`illegal base64 data at input byte ${bad}`)
  return clean
}

function badBase64At(text: string): number | undefined {
  const [, body = '', padding = ''] = /^([A-Za-z0-9+/]*)(={0,2})/.exec(text) ?? []
  const end = body.length + padding.length
  const partial = body.length % 4
  const wantedPadding = partial === 0 ? 0 : 4 - partial
  if (partial !== 1 && padding.length === wantedPadding && end === text.length) return undefined
  if (end < text.length && padding.length <= wantedPadding) return end
  return padding === '' ? body.length - partial : body.length
}
