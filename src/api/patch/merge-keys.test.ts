import { expect, test } from 'vitest'
import { readSchema } from '../schema/schema-file.ts'
import { typeNamed } from '../schema/schema.ts'
import { fieldsWithRules, patchRule } from './merge-keys.ts'

const schema = readSchema()

test.each(fieldsWithRules.map(([type, field]) => ({ type, field })))('$type.$field', ({ type, field }) => {
  const declared = typeNamed(schema, type).fields.get(field)?.type
  expect(declared).toBeDefined()
  const key = patchRule(type, field)?.mergeKey
  expect(key === undefined ? ['no key'] : itemFields(declared)).toContain(key ?? 'no key')
})

test('rules', () => {
  expect(patchRule('V1PodSpec', 'volumes')).toEqual({ strategies: ['merge', 'retainKeys'], mergeKey: 'name' })
  expect(patchRule('V1ObjectMeta', 'finalizers')).toEqual({ strategies: ['merge'] })
  expect(patchRule('V1DeploymentSpec', 'strategy')).toEqual({ strategies: ['retainKeys'] })
  expect(patchRule('V1PodSpec', 'tolerations')).toBeUndefined()
})

function itemFields(declared: unknown): string[] {
  if (typeof declared !== 'object' || declared === null || !('list' in declared)) return []
  const { list } = declared
  if (typeof list !== 'object' || list === null || !('ref' in list)) return []
  return [...typeNamed(schema, String(list.ref)).fields.keys()]
}
