import { existsSync } from 'node:fs'
import { build } from 'esbuild'
import { expect, test } from 'vitest'
import { groupResource } from '../resource.ts'
import { kinds } from './index.ts'

test('every kind is served once', () => {
  const names = kinds.map(({ resource }) => groupResource(resource))
  expect(new Set(names).size).toBe(names.length)
})

for (const { resource, schema, columns } of kinds) {
  test(`${resource.kind} has a type in the schema and columns of different names`, () => {
    const models = new URL('../../../node_modules/@kubernetes/client-node/dist/gen/models/', import.meta.url)
    expect(existsSync(new URL(`${schema}.d.ts`, models))).toBe(true)
    const names = columns.map(({ name }) => name)
    expect(new Set(names).size).toBe(names.length)
    expect(names).toContain('Name')
  })
}

test('a client that imports a resource does not load the rules of its kind', async () => {
  const contents = kinds
    .map(({ resource }) => resource.kind)
    .map((kind) => ({ kind, file: kind.replaceAll(/(?<=[a-z])[A-Z]/g, '-$&').toLowerCase() }))
    .map(({ kind, file }) => `export { ${kind === 'Endpoints' ? 'EndpointsResource' : `${kind}s`} } from './${file}.ts'`)
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
