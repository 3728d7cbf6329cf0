import { describeFieldError, invalid, type FieldError } from '../field-error.ts'
import { isLabelValue, isQualifiedName } from '../names.ts'

export type LabelOperator = '=' | '==' | '!=' | 'in' | 'notin' | 'gt' | 'lt' | 'exists' | '!'

/** One term of a label selector. `values` holds no value for `exists` and `!`, one for the comparisons. */
export interface LabelRequirement {
  readonly key: string
  readonly operator: LabelOperator
  readonly values: readonly string[]
}

export type Labels = Readonly<Record<string, string>>

/** What is wrong with a requirement, worded as upstream's `labels.NewRequirement`; undefined if it is sound. */
export function requirementProblem(requirement: LabelRequirement): string | undefined {
  const { key, values } = requirement
  const errors: FieldError[] = [
    ...joined('key', key, isQualifiedName(key)),
    ...valueCountErrors(requirement),
    ...values.flatMap((value, index) => joined(`values[${index}][${key}]`, value, isLabelValue(value))),
  ]
  const [first, ...more] = errors.map(describeFieldError)
  return more.length === 0 ? first : `[${[first, ...more].join(', ')}]`
}

export function keyProblem(key: string): string | undefined {
  return joined('<nil>', key, isQualifiedName(key)).map(describeFieldError)[0]
}

export function matchesRequirement({ key, operator, values }: LabelRequirement, labels: Labels): boolean {
  const value = Object.hasOwn(labels, key) ? labels[key] : undefined
  switch (operator) {
    case '=':
    case '==':
    case 'in':
      return value !== undefined && values.includes(value)
    case '!=':
    case 'notin':
      return value === undefined || !values.includes(value)
    case 'exists':
      return value !== undefined
    case '!':
      return value === undefined
    case 'gt':
    case 'lt':
      return compares(operator, value, values[0])
    default:
      return operator satisfies never
  }
}

/** As upstream prints it: `a=b`, `c in (x,y)`, `!d`. */
export function formatRequirement({ key, operator, values }: LabelRequirement): string {
  const list = [...values].sort().join(',')
  switch (operator) {
    case '=':
    case '==':
    case '!=':
      return `${key}${operator}${list}`
    case 'in':
    case 'notin':
      return `${key} ${operator} (${list})`
    case 'gt':
      return `${key}>${list}`
    case 'lt':
      return `${key}<${list}`
    case 'exists':
      return key
    case '!':
      return `!${key}`
    default:
      return operator satisfies never
  }
}

function compares(operator: 'gt' | 'lt', value: string | undefined, bound: string | undefined): boolean {
  const left = parseInteger(value)
  const right = parseInteger(bound)
  if (left === undefined || right === undefined) return false
  return operator === 'gt' ? left > right : left < right
}

function valueCountErrors({ operator, values }: LabelRequirement): FieldError[] {
  const count = values.length
  switch (operator) {
    case 'in':
    case 'notin':
      return count > 0 ? [] : [invalid('values', values, "for 'in', 'notin' operators, values set can't be empty")]
    case '=':
    case '==':
    case '!=':
      return count === 1 ? [] : [invalid('values', values, 'exact-match compatibility requires one single value')]
    case 'exists':
    case '!':
      return count === 0 ? [] : [invalid('values', values, 'values set must be empty for exists and does not exist')]
    case 'gt':
    case 'lt':
      return comparisonErrors(values)
    default:
      return operator satisfies never
  }
}

function comparisonErrors(values: readonly string[]): FieldError[] {
  const count =
    values.length === 1 ? [] : [invalid('values', values, "for 'Gt', 'Lt' operators, exactly one value is required")]
  const detail = "for 'Gt', 'Lt' operators, the value must be an integer"
  const types = values.flatMap((value, index) =>
    parseInteger(value) === undefined ? [invalid(`values[${index}]`, value, detail)] : [],
  )
  return [...count, ...types]
}

function parseInteger(text: string | undefined): bigint | undefined {
  if (text === undefined || !/^[+-]?\d+$/.test(text)) return undefined
  const value = BigInt(text.replace('+', ''))
  return BigInt.asIntN(64, value) === value ? value : undefined
}

function joined(path: string, value: string, problems: readonly string[]): FieldError[] {
  return problems.length === 0 ? [] : [invalid(path, value, problems.join('; '))]
}
