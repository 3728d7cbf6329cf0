import { expect, test } from 'vitest'
import { readSchema } from '../schema/schema-file.ts'
import { atomicTypes, fieldsInTables, isAtomicMap, keyDefault, listRule } from './list-types.ts'
import { structuralType } from './structural-type.ts'

const schema = readSchema()

test('every field and type in the tables is in the schema', () => {
  const missing = fieldsInTables.filter(([type, field]) => schema.types.get(type)?.fields.has(field) !== true)
  expect(missing).toEqual([])
  expect([...atomicTypes].filter((type) => !schema.types.has(type))).toEqual([])
})

test('rules of lists are of lists, and their keys are of their items', () => {
  const fields = [...schema.types].flatMap(([type, { fields }]) =>
    [...fields].map(([name, field]) => ({ type, name, field })),
  )
  const misfits = fields.filter(({ type, name, field }) => {
    const rule = listRule(type, name)
    if (isAtomicMap(type, name) && !(typeof field.type === 'object' && 'map' in field.type)) return true
    if (rule.type === 'atomic') return false
    const item = typeof field.type === 'object' && 'list' in field.type ? field.type.list : undefined
    if (rule.type === 'set') return typeof item !== 'string'
    const itemFields = typeof item === 'object' && 'ref' in item ? schema.types.get(item.ref)?.fields : undefined
    return rule.keys.some((key) => itemFields?.has(key) !== true)
  })
  expect(misfits.map(({ type, name }) => `${type}.${name}`)).toEqual([])
})

for (const [type, field, expected] of [
  ['V1ServiceSpec', 'ports', { type: 'map', keys: ['port', 'protocol'] }],
  ['V1ServiceSpec', 'clusterIPs', { type: 'atomic' }],
  ['V1Container', 'ports', { type: 'map', keys: ['containerPort', 'protocol'] }],
  ['V1Container', 'command', { type: 'atomic' }],
  ['V1PodSpec', 'topologySpreadConstraints', { type: 'map', keys: ['topologyKey', 'whenUnsatisfiable'] }],
  ['V1PodSpec', 'tolerations', { type: 'atomic' }],
  ['V1ObjectMeta', 'finalizers', { type: 'set' }],
  ['V1EndpointSlice', 'endpoints', { type: 'atomic' }],
  ['V1SecretVolumeSource', 'items', { type: 'atomic' }],
] as const) {
  test(`${type}.${field}`, () => {
    expect(listRule(type, field)).toEqual(expected)
  })
}

test('keys have defaults of their own, or count as empty where they are required', () => {
  const keysOf = (type: string, field: string) => {
    const found = structuralType(schema, type).fields.get(field)?.type
    return found?.kind === 'list' ? found.keys : undefined
  }
  expect(keyDefault('V1ServicePort', 'protocol')).toBe('TCP')
  expect(keysOf('V1ServiceSpec', 'ports')).toEqual([
    { name: 'port', default: 0 },
    { name: 'protocol', default: 'TCP' },
  ])
  expect(keysOf('V1PodSpec', 'imagePullSecrets')).toEqual([{ name: 'name', default: '' }])
  expect(keysOf('V1ServiceAccount', 'secrets')).toEqual([{ name: 'name', default: undefined }])
})
