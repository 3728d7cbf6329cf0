import { describe, expect, test } from 'vitest'
import { kinds } from '../../api/kinds/index.ts'
import { typeNamed } from '../../api/schema/schema.ts'
import { readSchema } from '../../api/schema/schema-file.ts'
import { KindRegistry } from '../kind-registry.ts'
import { OpenApiDocuments } from './documents.ts'
import { enumFields } from './enums.ts'

const schema = readSchema()
const documents = new OpenApiDocuments(new KindRegistry(kinds), schema)
const core = JSON.parse(documents.v3('api/v1')?.body ?? '')
const v2 = JSON.parse(documents.v2().body)

describe('version 3', () => {
  test('the index names a document for each group and version, with its hash', () => {
    const { paths } = JSON.parse(documents.v3Index())
    expect(Object.keys(paths)).toEqual(expect.arrayContaining(['api/v1', 'apis/discovery.k8s.io/v1']))
    expect(paths['api/v1'].serverRelativeURL).toMatch(/^\/openapi\/v3\/api\/v1\?hash=[0-9A-F]{128}$/)
    expect(documents.v3('apis/nothing/v1')).toBeUndefined()
  })

  test('writes take fieldValidation and dryRun', () => {
    const collection = core.paths['/api/v1/namespaces/{namespace}/services']
    const object = core.paths['/api/v1/namespaces/{namespace}/services/{name}']
    const writes = [collection.post, object.put, object.patch]
    for (const { parameters } of writes) {
      const names = parameters.map(({ name }: { name: string }) => name)
      expect(names).toEqual(expect.arrayContaining(['dryRun', 'fieldManager', 'fieldValidation']))
    }
    expect(object.patch['x-kubernetes-group-version-kind']).toEqual({ group: '', version: 'v1', kind: 'Service' })
  })

  test('paths are those of the resource and its subresources', () => {
    const paths = Object.keys(core.paths).filter((path) => /\/(services|replicationcontrollers|nodes)\b/.test(path))
    expect(paths.sort()).toEqual([
      '/api/v1/namespaces/{namespace}/replicationcontrollers',
      '/api/v1/namespaces/{namespace}/replicationcontrollers/{name}',
      '/api/v1/namespaces/{namespace}/replicationcontrollers/{name}/scale',
      '/api/v1/namespaces/{namespace}/replicationcontrollers/{name}/status',
      '/api/v1/namespaces/{namespace}/services',
      '/api/v1/namespaces/{namespace}/services/{name}',
      '/api/v1/namespaces/{namespace}/services/{name}/proxy',
      '/api/v1/namespaces/{namespace}/services/{name}/status',
      '/api/v1/nodes',
      '/api/v1/nodes/{name}',
      '/api/v1/nodes/{name}/proxy',
      '/api/v1/nodes/{name}/status',
      '/api/v1/replicationcontrollers',
      '/api/v1/services',
    ])
  })

  test('schemas carry upstream names, kinds and patch strategies', () => {
    const { schemas } = core.components
    expect(schemas['io.k8s.api.core.v1.Service']).toMatchObject({
      type: 'object',
      'x-kubernetes-group-version-kind': [{ group: '', version: 'v1', kind: 'Service' }],
    })
    expect(schemas['io.k8s.api.core.v1.ServiceSpec'].properties.ports).toMatchObject({
      type: 'array',
      items: { $ref: '#/components/schemas/io.k8s.api.core.v1.ServicePort' },
      'x-kubernetes-patch-merge-key': 'port',
      'x-kubernetes-patch-strategy': 'merge',
    })
    expect(schemas['io.k8s.api.core.v1.ServicePort']).toMatchObject({
      required: ['port'],
      properties: { port: { type: 'integer', format: 'int32' } },
    })
    expect(schemas['io.k8s.api.core.v1.PodSpec'].properties.volumes).toMatchObject({
      'x-kubernetes-patch-strategy': 'merge,retainKeys',
    })
    expect(schemas['io.k8s.api.core.v1.Secret'].properties.data).toMatchObject({
      additionalProperties: { type: 'string', format: 'byte' },
    })
  })

  test('fields that take one of a few texts say which', () => {
    const { schemas } = core.components
    expect(schemas['io.k8s.api.core.v1.ServiceSpec'].properties.type.enum).toEqual(['ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort'])
    expect(enumFields.filter(([type, field]) => typeNamed(schema, type).fields.get(field)?.type !== 'string')).toEqual([])
  })

  test('a kind that is added appears', () => {
    const registry = new KindRegistry(kinds)
    const growing = new OpenApiDocuments(registry, schema)
    const before = growing.v3Index()
    const [first] = kinds
    if (first === undefined) throw new Error('there are no kinds')
    registry.add({ ...first, resource: { ...first.resource, group: 'example.com' } })
    expect(growing.v3Index()).not.toBe(before)
    expect(growing.v3('apis/example.com/v1')?.body).toContain('"/apis/example.com/v1/')
  })
})

describe('both versions', () => {
  test.each([
    ['v3', core, core.components.schemas, '#/components/schemas/'],
    ['v2', v2, v2.definitions, '#/definitions/'],
  ])('%s: every reference leads somewhere, every operation has an id of its own', (_, document, schemas, prefix) => {
    const references = new Set(valuesOf(document, '$ref').map((reference) => String(reference).slice(prefix.length)))
    expect([...references].filter((name) => !Object.hasOwn(schemas, name))).toEqual([])
    const ids = valuesOf(document, 'operationId')
    expect(new Set(ids).size).toBe(ids.length)
    expect(ids).toEqual(expect.arrayContaining(['listCoreV1NamespacedService', 'replaceCoreV1NodeStatus']))
  })
})

function valuesOf(value: unknown, key: string): unknown[] {
  if (Array.isArray(value)) return value.flatMap((item) => valuesOf(item, key))
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([name, item]) =>
    name === key && typeof item === 'string' ? [item] : valuesOf(item, key),
  )
}
