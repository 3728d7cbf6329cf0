import { isJsonObject, type JsonObject } from '../patch/json-object.ts'
import { itemElement, UnkeyedItem } from './list-items.ts'
import { describeElement, fieldElement, type PathElement } from './path-element.ts'
import type { ListType, MapType, ScalarType, StructType, StructuralType } from './structural-type.ts'

/**
 * What keeps an applied configuration from having its type: unknown fields, wrong kinds of values, items that nothing
 * tells apart. Worded as structured-merge-diff words it, one problem an entry; empty if there is none.
 */
export function validateApplied(object: JsonObject, type: StructType): string[] {
  return problemsOfObject(object, type).map(({ path, problem }) => (path === '' ? problem : `${path}: ${problem}`))
}

/** The problems as one text, as they stand in a message. */
export function describeProblems(problems: readonly string[]): string {
  return problems.length === 1 ? `${problems[0]}` : ['errors:', ...problems.map((problem) => `  ${problem}`)].join('\n')
}

interface Problem {
  readonly path: string
  readonly problem: string
}

function problemsAt(element: PathElement, value: unknown, type: StructuralType): Problem[] {
  const prefix = describeElement(element)
  return problemsOf(value, type).map(({ path, problem }) => ({ path: prefix + path, problem }))
}

function problemsOf(value: unknown, type: StructuralType): Problem[] {
  if (value === null) return []
  switch (type.kind) {
    case 'scalar':
      return problemsOfScalar(value, type)
    case 'list':
      return Array.isArray(value) ? problemsOfItems(value, type) : [here(`expected list, got &{${goValue(value)}}`)]
    case 'map':
    case 'struct':
      return isJsonObject(value) ? problemsOfObject(value, type) : [here(`expected map, got &{${goValue(value)}}`)]
    default:
      return type satisfies never
  }
}

/** As upstream, which stops at the first field that the type does not have. */
function problemsOfObject(object: JsonObject, type: StructType | MapType): Problem[] {
  const problems: Problem[] = []
  for (const [key, value] of Object.entries(object)) {
    const field = type.kind === 'map' ? type.value : type.fields.get(key)?.type
    if (field !== undefined) problems.push(...problemsAt(fieldElement(key), value, field))
    else {
      problems.push({ path: describeElement(fieldElement(key)), problem: 'field not declared in schema' })
      break
    }
  }
  return problems
}

function problemsOfItems(list: readonly unknown[], type: ListType): Problem[] {
  if (type.atomic) return list.flatMap((item, index) => problemsAt(`i:${index}`, item, type.item))
  const problems: Problem[] = []
  const seen = new Set<PathElement>()
  for (const [index, item] of list.entries()) {
    const element = elementOrProblem(item, type)
    if (element instanceof UnkeyedItem) return [...problems, here(`element ${index}: ${element.message}`)]
    if (seen.has(element)) problems.push(here(`duplicate entries for key ${describeElement(element)}`))
    seen.add(element)
    problems.push(...problemsAt(element, item, type.item))
  }
  return problems
}

function elementOrProblem(item: unknown, type: ListType): PathElement | UnkeyedItem {
  try {
    return itemElement(item, type)
  } catch (error) {
    if (error instanceof UnkeyedItem) return error
    throw error
  }
}

function problemsOfScalar(value: unknown, { scalar }: ScalarType): Problem[] {
  switch (scalar) {
    case 'any':
      return []
    case 'boolean':
      return typeof value === 'boolean' ? [] : [here(`expected boolean, got &{${goValue(value)}}`)]
    case 'int32':
    case 'int64':
    case 'double':
      return typeof value === 'number' ? [] : [here(`expected numeric (int or float), got ${goType(value)}`)]
    case 'string':
    case 'bytes':
      if (typeof value === 'string') return []
      return [here(`expected string, got &value.valueUnstructured{Value:${goSyntax(value)}}`)]
    case 'time':
    case 'micro-time':
    case 'quantity':
    case 'int-or-string':
      return typeof value !== 'object' ? [] : [here(`expected any scalar, got &{${goValue(value)}}`)]
    default:
      return scalar satisfies never
  }
}

function here(problem: string): Problem {
  return { path: '', problem }
}

/** As Go prints a value with `%v`. */
function goValue(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(goValue).join(' ')}]`
  if (!isJsonObject(value)) return value === null ? '<nil>' : String(value)
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  return `map[${entries.map(([key, item]) => `${key}:${goValue(item)}`).join(' ')}]`
}

/** The same with `%#v`. */
function goSyntax(value: unknown): string {
  if (Array.isArray(value)) return `[]interface {}{${value.map(goSyntax).join(', ')}}`
  if (!isJsonObject(value)) return value === null ? 'interface {}(nil)' : JSON.stringify(value)
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  const items = entries.map(([key, item]) => `${JSON.stringify(key)}:${goSyntax(item)}`)
  return `map[string]interface {}{${items.join(', ')}}`
}

/** The same with `%T`. */
function goType(value: unknown): string {
  if (Array.isArray(value)) return '[]interface {}'
  if (isJsonObject(value)) return 'map[string]interface {}'
  return typeof value === 'boolean' ? 'bool' : 'string'
}
