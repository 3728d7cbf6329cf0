/** Whatever a client leaves out, a kind's rules answer with problems and never throw. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { describeFieldError } from '../field-error.ts'
import type { Kind } from '../kind.ts'
import type { KubeObject } from '../object.ts'
import { apiVersionOf } from '../resource.ts'
import { typeNamed, type FieldType, type Scalar } from '../schema/schema.ts'
import { readSchema } from '../schema/schema-file.ts'
import { kinds, kindsWithoutControllers, views } from './index.ts'

const schema = readSchema()

const scalars: Readonly<Record<Scalar, fc.Arbitrary<unknown>>> = {
  string: fc.constantFrom('', 'a', 'A b', '10.0.0.1', 'Always', 'ClientIP', 'Cluster', 'In', 'RollingUpdate', 'TCP'),
  boolean: fc.boolean(),
  int32: fc.constantFrom(0, 1, -1, 80, 2 ** 31 - 1),
  int64: fc.constantFrom(0, 1, -1, 2 ** 53 - 1),
  double: fc.constantFrom(0, 0.5),
  time: fc.constant('2026-01-01T00:00:00Z'),
  'micro-time': fc.constant('2026-01-01T00:00:00.000000Z'),
  bytes: fc.constantFrom('', 'YQ=='),
  'int-or-string': fc.constantFrom(0, 1, -1, '25%', 'http', ''),
  quantity: fc.constantFrom('0', '1', '-1', '1500m', '1Gi'),
  any: fc.constantFrom({}, { a: 1 }),
}

/** Values of a type as the decoder lets them through: every field may be missing. Deep down nothing is left. */
function valuesOf(type: FieldType, depth: number): fc.Arbitrary<unknown> {
  if (typeof type === 'string') return scalars[type]
  if ('list' in type) return fc.array(valuesOf(type.list, depth), { maxLength: depth > 0 ? 2 : 0 })
  if ('map' in type) return fc.dictionary(fc.constantFrom('a', 'a/b', ''), valuesOf(type.map, depth), { maxKeys: 2 })
  return objectsOf(type.ref, depth - 1)
}

const known = new Map<string, fc.Arbitrary<object>>()

function objectsOf(typeName: string, depth: number): fc.Arbitrary<object> {
  if (depth <= 0) return fc.constant({})
  const key = `${typeName} ${depth}`
  const arbitrary = known.get(key) ?? partialRecord(typeName, depth)
  known.set(key, arbitrary)
  return arbitrary
}

/** A few fields at a time, so that the depths are reached. */
function partialRecord(typeName: string, depth: number): fc.Arbitrary<object> {
  const fields = [...typeNamed(schema, typeName).fields]
  return fc
    .subarray(fields, { minLength: Math.min(1, fields.length), maxLength: Math.min(8, fields.length) })
    .chain((some) => fc.record(Object.fromEntries(some.map(([name, { type }]) => [name, valuesOf(type, depth)]))))
}

/** Objects of a kind as a client might send them, but for the metadata, which are not the kind's to judge. */
function draftsOf(typeName: string): fc.Arbitrary<object> {
  const fields = [...typeNamed(schema, typeName).fields].filter(([name]) => name !== 'metadata')
  const values = fields.map(([name, { type }]) => [name, valuesOf(type, 7)] as const)
  return fc.record(Object.fromEntries(values), { requiredKeys: [] })
}

/** Does all that a server does with an object, but store it; returns every text that a client could get to see. */
function textsOf(kind: Kind, draft: KubeObject): string[] {
  const object = structuredClone(draft)
  kind.prepareCreate?.(object)
  kind.setDefaults?.(object)
  const errors = kind.validate(object)
  const next = structuredClone(object)
  kind.prepareUpdate?.(next, object)
  kind.setDefaults?.(next)
  const later = [...(kind.validateUpdate?.(next, object) ?? []), ...(kind.validateStatus?.(next, object) ?? [])]
  const problems = [...errors, ...later].map(describeFieldError)
  if (errors.length > 0) return problems
  const cells = kind.columns.map((column) => column.cell(object, new Date('2026-01-01T00:01:00Z')))
  const fields = Object.values(kind.selectableFields?.(object) ?? {})
  return [...problems, ...(kind.warnings?.(object, undefined) ?? []), ...cells.map(String), ...fields]
}

/** Traces of a value that was not there. */
const broken = /undefined|\[object|NaN/

function whole(resource: Kind['resource'], parts: object): KubeObject {
  const metadata = {
    name: 'a',
    ...(resource.namespaced && { namespace: 'default' }),
    uid: 'f9b1a3c0-0000-4000-8000-000000000000',
    resourceVersion: '1',
    creationTimestamp: '2026-01-01T00:00:00Z',
  }
  return { ...parts, apiVersion: apiVersionOf(resource), kind: resource.kind, metadata }
}

for (const kind of [...kinds, ...kindsWithoutControllers.map((entry) => entry.kind)]) {
  test(`any part of a ${kind.resource.kind}`, () => {
    fc.assert(
      fc.property(draftsOf(kind.schema), (parts) => {
        for (const text of textsOf(kind, whole(kind.resource, parts))) expect(text).not.toMatch(broken)
      }),
      { numRuns: 150 },
    )
  })
}

for (const view of views) {
  test(`any part of a ${view.resource.kind} of ${apiVersionOf(view.resource)}`, () => {
    fc.assert(
      fc.property(draftsOf(view.schema), (parts) => {
        const stored = view.toStored(whole(view.resource, parts))
        const problems = (view.validate?.(stored, undefined) ?? []).map(describeFieldError)
        for (const text of [...textsOf(view.kind, stored), ...problems]) expect(text).not.toMatch(broken)
        view.kind.setDefaults?.(stored)
        expect(view.toServed(stored)).toMatchObject({ apiVersion: apiVersionOf(view.resource) })
      }),
      { numRuns: 150 },
    )
  })
}
