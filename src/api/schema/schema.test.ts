import { expect, test } from 'vitest'
import { packages } from '../../../scripts/schema/served-types.ts'
import { readSchema } from './schema-file.ts'
import { typeNamed, type FieldType } from './schema.ts'

const schema = readSchema()

test.each([
  ['V1ServicePort', 'port', 'int32', true],
  ['V1ServicePort', 'targetPort', 'int-or-string', false],
  ['V1ServiceSpec', 'ports', { list: { ref: 'V1ServicePort' } }, false],
  ['V1ServiceSpec', 'selector', { map: 'string' }, false],
  ['V1PodSpec', 'containers', { list: { ref: 'V1Container' } }, true],
  ['V1PodSpec', 'activeDeadlineSeconds', 'int64', false],
  ['V1ResourceRequirements', 'limits', { map: 'quantity' }, false],
  ['V1Secret', 'data', { map: 'bytes' }, false],
  ['V1ObjectMeta', 'creationTimestamp', 'time', false],
  ['V1ObjectMeta', 'managedFields', { list: { ref: 'V1ManagedFieldsEntry' } }, false],
  ['V1ListMeta', 'continue', 'string', false],
  ['V1LeaseSpec', 'renewTime', 'micro-time', false],
  ['V1UserInfo', 'extra', { map: { list: 'string' } }, false],
  ['V1ControllerRevision', 'data', 'any', false],
] satisfies [string, string, FieldType, boolean][])('%s.%s', (name, field, type, required) => {
  expect(typeNamed(schema, name).fields.get(field)).toMatchObject({ type, required })
})

test('every listed type is there, and every type that is referred to', () => {
  const listed = packages.flatMap(({ types }) => types)
  const referred = [...schema.types.values()].flatMap((type) => [...type.fields.values()].flatMap((f) => refs(f.type)))
  expect([...listed, ...referred].filter((name) => !schema.types.has(name))).toEqual([])
})

test('types are named as Go and OpenAPI name them', () => {
  expect(typeNamed(schema, 'CoreV1EndpointPort')).toMatchObject({
    goName: 'v1.EndpointPort',
    openApiName: 'io.k8s.api.core.v1.EndpointPort',
  })
  expect(typeNamed(schema, 'V1PersistentVolumeClaim').openApiName).toBe('io.k8s.api.core.v1.PersistentVolumeClaim')
  expect(typeNamed(schema, 'V1LabelSelector').openApiName).toBe('io.k8s.apimachinery.pkg.apis.meta.v1.LabelSelector')
  const names = [...schema.types.values()].map((type) => type.openApiName)
  expect(new Set(names).size).toBe(names.length)
})

test('descriptions are plain text', () => {
  expect(typeNamed(schema, 'V1ServicePort').description).toBe("ServicePort contains information on service's port.")
})

test('what is on the prototype of objects is not a type or field', () => {
  expect(() => typeNamed(schema, 'constructor')).toThrow('the schema has no type constructor')
  expect(typeNamed(schema, 'V1Service').fields.get('toString')).toBeUndefined()
})

function refs(type: FieldType): string[] {
  if (typeof type === 'string') return []
  if ('ref' in type) return [type.ref]
  return refs('list' in type ? type.list : type.map)
}
