import { build } from 'esbuild'
import { describe, expect, test } from 'vitest'
import type { KubeObject } from '../object.ts'
import { apiVersionOf, groupResource } from '../resource.ts'
import { readSchema } from '../schema/schema-file.ts'
import { kinds, kindsWithoutControllers, views } from './index.ts'

const schema = readSchema()
const everyKind = [...kinds, ...kindsWithoutControllers.map(({ kind }) => kind)]

test('every kind is listed once', () => {
  const names = everyKind.map(({ resource }) => groupResource(resource))
  expect(new Set(names).size).toBe(names.length)
})

test('every view is of a kind that is listed, under a name of its own', () => {
  const names = [...everyKind, ...views].map(({ resource }) => `${apiVersionOf(resource)} ${resource.plural}`)
  expect(new Set(names).size).toBe(names.length)
  for (const { kind } of views) expect(everyKind).toContain(kind)
})

test('every reason why a kind is not served is given', () => {
  for (const { because } of kindsWithoutControllers) expect(because).not.toBe('')
})

for (const { resource, schema: typeName, columns, hasStatus } of everyKind) {
  describe(`${resource.kind} of ${apiVersionOf(resource)}`, () => {
    test('has a type in the schema, and so has its list', () => {
      const type = schema.types.get(typeName)
      expect(type?.goName).toBe(`${resource.version}.${resource.kind}`)
      expect(schema.types.get(`${typeName}List`)?.fields.get('items')?.type).toEqual({ list: { ref: typeName } })
    })

    test('has a status if its type has one', () => {
      expect(schema.types.get(typeName)?.fields.has('status')).toBe(hasStatus)
    })

    test('has columns of different names', () => {
      const names = columns.map(({ name }) => name)
      expect(new Set(names).size).toBe(names.length)
      expect(names).toContain('Name')
    })
  })
}

for (const { resource, schema: typeName, kind, fieldNames = {} } of views) {
  test(`${resource.kind} of ${apiVersionOf(resource)} has a type in the schema, and fields to select by that are there`, () => {
    const type = schema.types.get(typeName)
    expect(type?.openApiName).toMatch(new RegExp(`\\.${resource.version}\\.${resource.kind}$`))
    expect(type?.fields.has('metadata')).toBe(true)
    expect(schema.types.has(`${typeName}List`)).toBe(true)
    for (const name of Object.values(fieldNames)) expect(kind.selectableFieldNames).toContain(name)
  })
}

/** Has every property and is every text, as deep as one looks. */
const anyObject: unknown = new Proxy(() => '', { get: () => anyObject, apply: () => '' })

for (const { resource, selectableFields, selectableFieldNames = [] } of everyKind) {
  test(`the fields by which one can select ${resource.plural} are listed`, () => {
    expect(selectableFieldNames).toEqual(Object.keys(selectableFields?.(anyObject as KubeObject) ?? {}))
  })
}

test('a client that imports a resource does not load the rules of its kind', async () => {
  const contents = everyKind.map(({ resource }) => `export { ${constantOf(resource.kind)} } from './${fileOf(resource.kind)}'`)
  const { outputFiles } = await build({
    stdin: { contents: contents.join('\n'), resolveDir: import.meta.dirname, loader: 'ts' },
    bundle: true,
    format: 'esm',
    platform: 'node',
    write: false,
  })
  const code = outputFiles.map(({ text }) => text).join('')
  expect(code).toContain('replicationcontrollers')
  expect(code).not.toContain('may not change fields other than')
  expect(code).not.toMatch(/function (validate|setDefaults|format)/)
})

/** The constant that holds a kind's names, `PriorityClasses`. */
function constantOf(kind: string): string {
  if (kind === 'Endpoints') return 'EndpointsResource'
  return kind.endsWith('s') ? `${kind}es` : `${kind}s`
}

/** `priority-class.ts`, `ip-address.ts` */
function fileOf(kind: string): string {
  return `${kind.replaceAll(/(?<=[a-z])[A-Z]|(?<=[A-Z])[A-Z](?=[a-z])/g, '-$&').toLowerCase()}.ts`
}
