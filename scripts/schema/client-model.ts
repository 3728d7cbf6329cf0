/**
 * Reads one type of the client library. JSON names, types and formats stand in the `attributeTypeMap` of its
 * JavaScript; which fields are required, and all descriptions, only in its declarations.
 */
import { existsSync, readFileSync } from 'node:fs'
import type { FieldType, ObjectTypeFile, Scalar } from '../../src/api/schema/schema.ts'

const models = new URL('../../node_modules/@kubernetes/client-node/dist/gen/models/', import.meta.url)

export interface ClientModel {
  description: string
  fields: ObjectTypeFile['fields']
  /** `1.36` */
  release: string
}

interface Attribute {
  name: string
  baseName: string
  type: string
  format: string
}

/** Throws if the client library has no such type, or is laid out differently from what is known here. */
export function readModel(name: string): ClientModel {
  const file = new URL(`${name}.js`, models)
  if (!existsSync(file)) throw new Error(`the client library has no type ${name}`)
  const source = readFileSync(file, 'utf8')
  const declarations = declarationsOf(readFileSync(new URL(`${name}.d.ts`, models), 'utf8'), name)
  const fields = attributesOf(source, name).map((attribute) => {
    const declared = declarations.fields.get(attribute.name)
    if (declared === undefined) throw new Error(`${name}.${attribute.name} is not in the declarations`)
    return [attribute.baseName, { type: fieldType(attribute, name), ...declared }] as const
  })
  return { description: declarations.description, fields: Object.fromEntries(fields), release: releaseOf(source, name) }
}

function attributesOf(source: string, name: string): Attribute[] {
  const [, list] = /attributeTypeMap = (\[[\s\S]*?\n?\]);/.exec(source) ?? []
  if (list === undefined) throw new Error(`${name} has no attributeTypeMap`)
  return JSON.parse(list) as Attribute[]
}

function releaseOf(source: string, name: string): string {
  const [, release] = /OpenAPI spec version: release-([\d.]+)/.exec(source) ?? []
  if (release === undefined) throw new Error(`${name} does not say which release it is from`)
  return release
}

type Declared = { required?: true; description?: string }

function declarationsOf(source: string, name: string): { description: string; fields: Map<string, Declared> } {
  const doc = String.raw`(?:/\*\*\n\s*\* ((?:(?!\*/)[^])*?)\n\s*\*/\n)?`
  const [, description = ''] = new RegExp(`${doc}export declare class ${name} `).exec(source) ?? []
  const properties = source.matchAll(new RegExp(`${doc} {4}'([^']+)'(\\?)?: `, 'g'))
  const fields = [...properties].map(([, text = '', field = '', optional]) => {
    const required = optional === undefined ? { required: true as const } : {}
    return [field, { ...required, ...(text === '' ? {} : { description: plainText(text) }) }] as const
  })
  return { description: plainText(description), fields: new Map(fields) }
}

function plainText(doc: string): string {
  return doc.replaceAll(/\\(['"])/g, '$1')
}

function fieldType({ type, format }: Pick<Attribute, 'type' | 'format'>, model: string): FieldType {
  const [, item] = /^Array<(.+)>$/.exec(type) ?? []
  if (item !== undefined) return { list: fieldType({ type: item, format }, model) }
  const [, value] = /^\{ \[key: string\]: (.+); \}$/.exec(type) ?? []
  if (value !== undefined) return { map: fieldType({ type: value, format }, model) }
  return scalarOf(type, format, model) ?? { ref: type }
}

function scalarOf(type: string, format: string, model: string): Scalar | undefined {
  switch (type) {
    case 'string':
      return format === 'byte' ? 'bytes' : 'string'
    case 'number':
      if (format === 'int32' || format === 'int64' || format === 'double') return format
      throw new Error(`${model} has a number of unknown format '${format}'`)
    case 'Date':
      return 'time'
    case 'V1MicroTime':
      return 'micro-time'
    case 'IntOrString':
      return 'int-or-string'
    case 'boolean':
    case 'any':
      return type
    default:
      return undefined
  }
}
