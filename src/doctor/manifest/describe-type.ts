import { isMap, isScalar, isSeq, type Node } from 'yaml'
import { typeNamed, type FieldType, type Schema } from '../../api/schema/schema.ts'

/** What a field needs, for people: `a number`, `a list`. */
export function describeType(type: FieldType, schema: Schema): string {
  if (typeof type === 'string') return scalars[type]
  if ('list' in type) return 'a list, each item with a dash before it'
  if ('map' in type) return 'names and values, as in "app: kubia"'
  const names = [...typeNamed(schema, type.ref).fields.keys()].filter((name) => name !== 'status')
  return `fields of its own, such as ${names.slice(0, 6).join(', ')}`
}

const scalars: Readonly<Record<Extract<FieldType, string>, string>> = {
  string: 'a text',
  boolean: 'true or false',
  int32: 'a whole number',
  int64: 'a whole number',
  double: 'a number',
  time: 'a time such as "2026-01-31T12:00:00Z"',
  'micro-time': 'a time such as "2026-01-31T12:00:00.000000Z"',
  bytes: 'bytes in base64',
  'int-or-string': 'a whole number, or a name',
  quantity: 'a quantity such as 500m or 64Mi',
  any: 'anything',
}

export function describeNode(node: Node): string {
  if (isMap(node)) return 'fields'
  if (isSeq(node)) return 'a list'
  if (!isScalar(node)) return 'something else'
  if (typeof node.value === 'string') return `the text ${JSON.stringify(node.value.slice(0, 60))}`
  return typeof node.value === 'number' ? `the number ${node.value}` : String(node.value)
}
