import { badRequest } from '../errors.ts'
import { typeNamed, type FieldType, type Schema } from '../schema/schema.ts'
import { patchRule, type PatchRule } from './merge-keys.ts'

/** What a strategic merge patch has to know of the value at one place: which fields it has and how they merge. */
export interface PatchShape {
  /** For messages. */
  readonly name: string
  /** The shape and rule of the value under a key; for a list those of its items. Throws 400 for unknown fields. */
  field(key: string): { readonly shape: PatchShape; readonly rule: PatchRule | undefined }
}

/** Maps, free-form values and scalars: whatever is under them merges plainly. */
const formless: PatchShape = {
  name: 'map',
  field: () => ({ shape: formless, rule: undefined }),
}

export function shapeOf(typeName: string, schema: Schema): PatchShape {
  const type = typeNamed(schema, typeName)
  const name = type.goName.slice(type.goName.indexOf('.') + 1)
  return {
    name,
    field(key) {
      const field = type.fields.get(key)
      if (field === undefined) {
        throw badRequest(`unable to find api field in struct ${name} for the json field "${key}"`)
      }
      return { shape: shapeOfField(field.type, schema), rule: patchRule(typeName, key) }
    },
  }
}

function shapeOfField(type: FieldType, schema: Schema): PatchShape {
  if (typeof type === 'string') return formless
  if ('ref' in type) return shapeOf(type.ref, schema)
  return shapeOfField('list' in type ? type.list : type.map, schema)
}
