import { isMap, isScalar, isSeq, type Node, type Pair, type YAMLMap } from 'yaml'
import { isMisprint, mostResembling } from '../../base/resemblance.ts'
import type { FieldType, ObjectType, Schema } from '../../api/schema/schema.ts'
import type { Finding } from '../finding.ts'
import { fits, placeFor } from './belonging.ts'
import { asItem, movedTo } from './blocks.ts'
import { describeNode, describeType } from './describe-type.ts'
import { keyOf, pairOf, rangeOf } from './documents.ts'
import { formerField } from './former-fields.ts'
import type { Misfit } from './misfits.ts'
import { textOf, type Path } from './path.ts'
import type { Source } from './source.ts'

/** What explanations look at. */
export interface Explained {
  readonly object: Node
  /** Name of its type in the schema. */
  readonly type: string
  readonly schema: Schema
  readonly source: Source
}

type Unknown = Extract<Misfit, { what: 'unknown-field' }>
type WrongType = Extract<Misfit, { what: 'wrong-type' }>

/** What is wrong, in words, with the line as it should be. */
export function explain(misfit: Misfit, context: Explained): Finding {
  switch (misfit.what) {
    case 'unknown-field':
      return unknownField(misfit, context)
    case 'duplicate-key':
      return duplicateKey(misfit, context)
    case 'wrong-type':
      return wrongType(misfit, context)
    case 'unreadable':
      return {
        reason: 'UnreadableValue',
        cause: `${textOf(misfit.path)} cannot be read: ${misfit.why}`,
        evidence: [],
        fix: 'write a value of this form',
        place: context.source.place(rangeOf(misfit.node)[0]),
      }
    default:
      return misfit satisfies never
  }
}

function unknownField(misfit: Unknown, context: Explained): Finding {
  const { owner, name, pair, type, among } = misfit
  const where = owner.length === 0 ? 'the object' : textOf(owner)
  const place = context.source.place(rangeOf(pair.key)[0])
  const former = formerField(type.goName, name)
  if (former !== undefined) {
    const corrected = former.corrected((beside) => textIn(among, beside))
    return { reason: 'FormerField', cause: `${where} is written as another version has it: ${former.change}`, evidence: [], fix: 'write it as the version says that the manifest names', place, corrected }
  }
  const value = valueOf(pair)
  const near = nearest(name, value, type)
  if (near !== undefined) {
    const corrected = context.source.replaced(...rangeOf(pair.key), near)
    return { reason: 'UnknownField', cause: `There is no field ${name} in ${where}: ${near} may be meant`, evidence: [], fix: `write ${near}`, place, ...(corrected === undefined ? {} : { corrected: [corrected] }) }
  }
  const elsewhere = placeFor({ name, value, owner }, context.type, context.schema) ?? amongNames(owner, name, { type, value })
  if (elsewhere !== undefined) {
    return {
      reason: 'MisplacedField',
      cause: `${name} does not belong into ${where}: it is ${textOf(elsewhere).replaceAll('[0]', '[]')}`,
      evidence: [],
      fix: 'move it there, or correct the indentation',
      place,
      corrected: movedTo(elsewhere, pair, context.source),
    }
  }
  const fields = [...type.fields.keys()].filter((field) => field !== 'status')
  return {
    reason: 'UnknownField',
    cause: `There is no field ${name} in ${where}`,
    evidence: [`fields there: ${fields.slice(0, 30).join(', ')}${fields.length > 30 ? ', …' : ''}`],
    fix: 'use one of these, or leave it out',
    place,
  }
}

function textIn(fields: YAMLMap, name: string): string | undefined {
  const value = pairOf(fields, name)?.value
  return isScalar(value) ? String(value.value) : undefined
}

function valueOf({ value }: Pair): Node | undefined {
  return isMap(value) || isSeq(value) || isScalar(value) ? value : undefined
}

/** A field of the same object that the name may be a misprint of. */
function nearest(name: string, value: Node | undefined, { fields }: ObjectType): string | undefined {
  const fitting = [...fields].filter(([, { type }]) => fits(value, type)).map(([field]) => field)
  return mostResembling(name, fitting.filter((field) => isMisprint(name, field)))
}

/** A text beside labels may be one of them. */
function amongNames(owner: Path, name: string, { type, value }: { type: ObjectType; value: Node | undefined }): Path | undefined {
  if (!isScalar(value)) return undefined
  const maps = [...type.fields].filter(([, field]) => isMapOfTexts(field.type)).map(([field]) => field)
  const map = maps.find((field) => /labels/i.test(field))
  return map === undefined ? undefined : [...owner, map, name]
}

function isMapOfTexts(type: FieldType): boolean {
  return typeof type === 'object' && 'map' in type && type.map === 'string'
}

function duplicateKey({ owner, name, pair }: Extract<Misfit, { what: 'duplicate-key' }>, { object, source }: Explained): Finding {
  const place = source.place(rangeOf(pair.key)[0])
  if (owner.length === 0 && isMap(object) && object.items.filter((each) => keyOf(each) === 'kind').length > 1) {
    return {
      reason: 'MissingSeparator',
      cause: 'Another object begins here, and nothing separates it from the one before',
      evidence: [],
      fix: 'write a line of three dashes before it',
      place,
      corrected: ['---', place.text],
    }
  }
  return {
    reason: 'DuplicateKey',
    cause: `${textOf([...owner, name])} stands there twice: of such fields only the last one counts`,
    evidence: [],
    fix: 'leave one out, or put what is in both under one of them',
    place,
  }
}

function wrongType({ path, node, type }: WrongType, context: Explained): Finding {
  const { schema, source } = context
  const corrected = correction({ node, type, path }, context)
  return {
    reason: 'WrongType',
    cause: `${textOf(path) || 'the object'} needs ${describeType(type, schema)}, and there is ${describeNode(node)}`,
    evidence: [],
    fix: remedy(node, type),
    place: source.place(rangeOf(node)[0]),
    ...(corrected === undefined ? {} : { corrected }),
  }
}

const numbers: readonly FieldType[] = ['int32', 'int64', 'double']

function remedy(node: Node, type: FieldType): string {
  const isText = isScalar(node) && typeof node.value === 'string'
  if (type === 'string') return isScalar(node) ? 'put it in quotes' : 'write one text'
  if (type === 'boolean') return 'write true or false, without quotes'
  if (numbers.includes(type)) return isText && isNumeric(node.value) ? 'take the quotes away' : 'write a number in digits'
  if (typeof type === 'object' && 'list' in type) return 'write a list'
  return 'write fields below it, indented'
}

function isNumeric(value: unknown): boolean {
  return typeof value === 'string' && /^\s*-?\d+\s*$/.test(value)
}

function correction({ node, type, path }: Pick<WrongType, 'node' | 'type' | 'path'>, { source, object }: Explained): readonly string[] | undefined {
  const [from, to] = rangeOf(node)
  const line = (by: string) => {
    const replaced = source.replaced(from, to, by)
    return replaced === undefined ? undefined : [replaced]
  }
  if (isScalar(node)) {
    const text = source.text.slice(from, to)
    if (type === 'string') return line(JSON.stringify(text))
    if (numbers.includes(type) && isNumeric(node.value)) return line(String(node.value).trim())
    if (type === 'boolean' && /^(true|yes|on)$/i.test(String(node.value))) return line('true')
    if (type === 'boolean' && /^(false|no|off)$/i.test(String(node.value))) return line('false')
    if (typeof type === 'object' && 'list' in type && typeof type.list === 'string') return line(`[${text}]`)
    return undefined
  }
  if (!isMap(node) || typeof type === 'string' || !('list' in type)) return undefined
  const pair = pairAt(object, path)
  return pair === undefined || node.flow === true ? undefined : asItem(pair, source)
}

function pairAt(object: Node, path: Path): Pair | undefined {
  let node: unknown = object
  let pair: Pair | undefined
  for (const step of path) {
    pair = undefined
    if (isMap(node) && typeof step === 'string') {
      pair = pairOf(node, step)
      node = pair?.value
    } else if (isSeq(node) && typeof step === 'number') node = node.items[step]
  }
  return pair !== undefined && keyOf(pair) === path.at(-1) ? pair : undefined
}
