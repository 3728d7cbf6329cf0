/**
 * Writes `.generated/schema.json`, the shapes of all served types: the same input always gives the same bytes.
 * Run by `npm run generate`, and before every bundle.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { generatedSchemaFile } from '../src/api/schema/schema-file.ts'
import type { FieldType, ObjectTypeFile, SchemaFile } from '../src/api/schema/schema.ts'
import { readModel, type ClientModel } from './schema/client-model.ts'
import { legacyIngressTypes } from './schema/legacy-ingress.ts'
import { packages, quantities } from './schema/served-types.ts'

if (import.meta.main) console.log(writeSchema())

/** Returns a line that says what was written. Throws if the client library is laid out differently from what is known here. */
export function writeSchema(): string {
  const schema = collect()
  mkdirSync(new URL('.', generatedSchemaFile), { recursive: true })
  const text = `${JSON.stringify(schema)}\n`
  writeFileSync(generatedSchemaFile, text)
  const count = Object.keys(schema.types).length
  const size = Math.round(text.length / 1024)
  return `.generated/schema.json: ${count} types of Kubernetes ${schema.release}, ${size} KB`
}

function collect(): SchemaFile {
  const types = new Map<string, ObjectTypeFile>()
  let release = ''
  for (const { path, types: roots } of packages) {
    const waiting = [...roots]
    for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
      if (types.has(name)) continue
      const model = readModel(name)
      release = model.release
      const type = placeIn(path, name, model)
      types.set(name, type)
      waiting.push(...Object.values(type.fields).flatMap((field) => references(field.type)))
    }
  }
  for (const [name, type] of legacyIngressTypes()) types.set(name, type)
  checkQuantities(types)
  return { release, types: Object.fromEntries([...types].sort(([a], [b]) => (a < b ? -1 : 1))) }
}

/** `V1ServicePort`, or `CoreV1EndpointPort` where two packages have one of that name. */
function placeIn(path: string, name: string, { description, fields }: ClientModel): ObjectTypeFile {
  const [, version = '', kind = ''] = /^(?:[A-Z][a-z]+)?(V\d+(?:alpha\d+|beta\d+)?)(.+)$/.exec(name) ?? []
  const withQuantities = (quantities[name] ?? []).map((field) => {
    const known = fields[field]
    if (known === undefined) throw new Error(`${name}.${field} is listed as a quantity but does not exist`)
    return [field, { ...known, type: typeof known.type === 'object' ? { map: 'quantity' } : 'quantity' }] as const
  })
  return {
    goName: `${version.toLowerCase()}.${kind}`,
    openApiName: `${path}.${version.toLowerCase()}.${kind}`,
    description,
    fields: { ...fields, ...(Object.fromEntries(withQuantities) as ObjectTypeFile['fields']) },
  }
}

function references(type: FieldType): string[] {
  if (typeof type === 'string') return []
  if ('ref' in type) return [type.ref]
  return references('list' in type ? type.list : type.map)
}

function checkQuantities(types: ReadonlyMap<string, ObjectTypeFile>): void {
  const unused = Object.keys(quantities).filter((name) => !types.has(name))
  if (unused.length > 0) throw new Error(`listed for their quantities, but in no served type: ${unused.join(', ')}`)
}
