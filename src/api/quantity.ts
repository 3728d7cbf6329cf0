/**
 * Resource quantities, `500m`, `1.5Gi`, `2e3`: reading, comparing, and the canonical form in which the API
 * returns them. As k8s.io/apimachinery/pkg/api/resource.
 */
export interface Quantity {
  /** In billionths; what is finer is rounded away from zero. */
  readonly nanos: bigint
  readonly format: QuantityFormat
}

export type QuantityFormat = 'decimal' | 'binary' | 'exponent'

/** The text is not a quantity. Worded as upstream. */
export class QuantityError extends Error {
  override readonly name = 'QuantityError'
}

const quantityPattern = /^([+-]?)([0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$/
const formatProblem = `quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'`

const unit = 10n ** 9n
/** Larger ones are cut to this, which upstream does to the binary ones only: no exponent may cost unbounded work. */
const maxNanos = (2n ** 63n - 1n) * unit

const decimalExponents = new Map([
  ['n', -9],
  ['u', -6],
  ['m', -3],
  ['', 0],
  ['k', 3],
  ['M', 6],
  ['G', 9],
  ['T', 12],
  ['P', 15],
  ['E', 18],
])
const decimalSuffixes = new Map([...decimalExponents].map(([suffix, exponent]) => [exponent, suffix]))
const binarySuffixes = ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei']

/** Throws `QuantityError`. */
export function parseQuantity(text: string): Quantity {
  const [, sign, digits = '', suffix = ''] = quantityPattern.exec(text) ?? []
  if (sign === undefined) throw new QuantityError(formatProblem)
  const [, whole, fraction = ''] = /^(\d*)(?:\.(\d*))?$/.exec(digits) ?? []
  if (whole === undefined) throw new QuantityError(formatProblem)
  if (whole === '' && fraction === '') throw new QuantityError('unable to parse numeric part of quantity')

  const { multiplier, exponent, format } = scaleOf(suffix)
  const scaled = timesPowerOfTen(BigInt(whole + fraction) * multiplier, exponent - fraction.length + 9)
  const magnitude = scaled > maxNanos ? maxNanos : scaled
  return { nanos: sign === '-' ? -magnitude : magnitude, format }
}

/** The canonical form: no fraction, the largest suffix that needs none. */
export function formatQuantity({ nanos, format }: Quantity): string {
  if (format === 'binary' && nanos % unit === 0n && magnitudeOf(nanos) >= 1024n * unit) {
    const [number, power] = withoutFactors(nanos / unit, 1024n)
    return `${number}${binarySuffixes[power]}`
  }
  if (nanos === 0n) return '0'
  const [stripped, tens] = withoutFactors(nanos, 10n)
  const exponent = Math.floor((tens - 9) / 3) * 3
  const number = stripped * 10n ** BigInt(tens - 9 - exponent)
  return `${number}${decimalSuffix(exponent, format)}`
}

/** `formatQuantity(parseQuantity(text))`. Throws `QuantityError`. */
export function canonicalQuantity(text: string): string {
  return formatQuantity(parseQuantity(text))
}

export function compareQuantities(a: Quantity, b: Quantity): -1 | 0 | 1 {
  if (a.nanos === b.nanos) return 0
  return a.nanos < b.nanos ? -1 : 1
}

/** The plain number that a quantity's text stands for: `500m` is 0.5, `1Ki` is 1024. Throws `QuantityError`. */
export function numberOf(text: string): number {
  return Number(parseQuantity(text).nanos) / Number(unit)
}

/** In thousandths, rounded away from zero: CPU as the kernel's shares are computed from. */
export function milliValue(quantity: Quantity): number {
  return Number(dividedUp(quantity.nanos, 10n ** 6n))
}

/** In whole units, rounded away from zero: bytes of memory. */
export function wholeValue(quantity: Quantity): number {
  return Number(dividedUp(quantity.nanos, unit))
}

interface Scale {
  readonly multiplier: bigint
  readonly exponent: number
  readonly format: QuantityFormat
}

function scaleOf(suffix: string): Scale {
  const power = binarySuffixes.indexOf(suffix, 1)
  if (power > 0) return { multiplier: 1024n ** BigInt(power), exponent: 0, format: 'binary' }
  const decimal = decimalExponents.get(suffix)
  if (decimal !== undefined) return { multiplier: 1n, exponent: decimal, format: 'decimal' }
  const [, exponent] = /^[eE]([-+]?\d{1,9})$/.exec(suffix) ?? []
  if (exponent === undefined) throw new QuantityError("unable to parse quantity's suffix")
  return { multiplier: 1n, exponent: Number(exponent), format: 'exponent' }
}

/** Bounded work: beyond 40 digits either way the result is at the limit, or rounds up to 1. */
function timesPowerOfTen(value: bigint, exponent: number): bigint {
  if (value === 0n) return 0n
  if (exponent > 40) return maxNanos
  if (exponent >= 0) return value * 10n ** BigInt(exponent)
  if (-exponent > value.toString().length) return 1n
  return dividedUp(value, 10n ** BigInt(-exponent))
}

function dividedUp(value: bigint, divisor: bigint): bigint {
  const quotient = value / divisor
  if (value % divisor === 0n) return quotient
  return value < 0n ? quotient - 1n : quotient + 1n
}

function withoutFactors(value: bigint, factor: bigint): [bigint, number] {
  let count = 0
  for (; value % factor === 0n; value /= factor) count++
  return [value, count]
}

function decimalSuffix(exponent: number, format: QuantityFormat): string {
  if (format === 'exponent') return exponent === 0 ? '' : `e${exponent}`
  return decimalSuffixes.get(exponent) ?? `e${exponent}`
}

function magnitudeOf(value: bigint): bigint {
  return value < 0n ? -value : value
}
