import { expect, test } from 'vitest'
import { created, createProblems, row, updated } from './kind-trial.ts'
import { namespaceKind as kind } from './namespace.ts'

test('a namespace is active, labelled with its name, and held until it is empty', () => {
  const namespace = created(kind, { metadata: { name: 'shop' }, status: { phase: 'Terminating' } })
  expect(namespace).toMatchObject({
    metadata: { labels: { 'kubernetes.io/metadata.name': 'shop' } },
    spec: { finalizers: ['kubernetes'] },
    status: { phase: 'Active' },
  })
  expect(kind.holdsDeletion?.(namespace)).toBe(true)
  kind.beginDeletion?.(namespace)
  expect(row(kind, namespace)).toEqual({ Name: 'shop', Status: 'Terminating', Age: '60s' })
  namespace.spec = { finalizers: [] }
  expect(kind.holdsDeletion?.(namespace)).toBe(false)
})

test('a write leaves finalizers and status alone', () => {
  const previous = created(kind, {})
  const next = updated(kind, previous, { spec: { finalizers: [] }, status: { phase: 'Terminating' } })
  expect(next).toMatchObject({ spec: previous.spec, status: previous.status })
})

test('finalizers have names that say whose they are', () => {
  expect(createProblems(kind, { spec: { finalizers: ['mine', 'acme.io/mine'] } })).toEqual([
    'spec.finalizers: Invalid value: "mine": name is neither a standard finalizer name nor is it fully qualified',
  ])
})

test('only a deleted namespace is terminating', () => {
  const namespace = { ...created(kind, {}), status: { phase: 'Terminating' } }
  expect(kind.validateStatus?.(namespace, namespace)).toMatchObject([
    { field: 'status.Phase', detail: "may only be 'Active' if `deletionTimestamp` is empty" },
  ])
})
