import { expect, test } from 'vitest'
import { readSchema } from '../../api/schema/schema-file.ts'
import { definitionsOf, dialectV3 } from './definitions.ts'

const definitions = definitionsOf(['V1Pod', 'V1PodList', 'V1Service'], readSchema(), {
  dialect: dialectV3,
  kinds: new Map(),
})

function field(type: string, name: string): unknown {
  const properties = definitions[`io.k8s.api.core.v1.${type}`]?.['properties'] ?? {}
  return new Map<string, unknown>(Object.entries(properties)).get(name)
}

for (const { type, name, marks } of [
  {
    type: 'ServiceSpec',
    name: 'ports',
    marks: {
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['port', 'protocol'],
      'x-kubernetes-patch-merge-key': 'port',
      'x-kubernetes-patch-strategy': 'merge',
    },
  },
  { type: 'ServiceSpec', name: 'clusterIPs', marks: { 'x-kubernetes-list-type': 'atomic' } },
  { type: 'ServiceSpec', name: 'selector', marks: { 'x-kubernetes-map-type': 'atomic' } },
  { type: 'PodSpec', name: 'tolerations', marks: { 'x-kubernetes-list-type': 'atomic' } },
]) {
  test(`${type}.${name} tells how it is merged`, () => {
    expect(field(type, name)).toMatchObject(marks)
  })
}

test('types that are owned as a whole say so', () => {
  expect(definitions['io.k8s.api.core.v1.NodeSelector']).toHaveProperty('x-kubernetes-map-type', 'atomic')
  expect(definitions['io.k8s.api.core.v1.PodSpec']).not.toHaveProperty('x-kubernetes-map-type')
})

test('nothing is said of the items of a List', () => {
  expect(field('PodList', 'items')).not.toHaveProperty('x-kubernetes-list-type')
})
