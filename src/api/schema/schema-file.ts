import { readFileSync } from 'node:fs'
import { schemaFrom, type Schema, type SchemaFile } from './schema.ts'

/** Where `npm run generate` writes the schema in a checkout. */
export const generatedSchemaFile = new URL('../../../.generated/schema.json', import.meta.url)

/** Reads a generated schema; 0.5 MB, so once per process. */
export function readSchema(file: URL | string = generatedSchemaFile): Schema {
  return schemaFrom(JSON.parse(contentOf(file)) as SchemaFile)
}

function contentOf(file: URL | string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (cause) {
    throw new Error(`cannot read the API schema, which \`npm run generate\` writes: ${String(file)}`, { cause })
  }
}
