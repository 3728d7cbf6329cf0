import { describe, expect, test } from 'vitest'
import { describeFieldError } from './field-error.ts'
import { validateMetadata, validateMetadataUpdate } from './metadata.ts'
import type { DraftMeta } from './object.ts'

const owner = { apiVersion: 'v1', kind: 'ReplicationController', name: 'kubia', uid: '1', controller: true }

describe('on create', () => {
  const rules = { namespaced: true, nameRule: 'dns-subdomain' } as const
  const sound: DraftMeta = { name: 'kubia', namespace: 'default' }

  test.each<{ name: string; meta: DraftMeta; problems: unknown[] }>([
    { name: 'sound', meta: { ...sound, labels: { app: 'kubia' }, ownerReferences: [owner] }, problems: [] },
    {
      name: 'nothing given',
      meta: {},
      problems: [
        'metadata.name: Required value: name or generateName is required',
        'metadata.namespace: Required value',
      ],
    },
    {
      name: 'bad generateName',
      meta: { ...sound, generateName: 'Kubia-' },
      problems: [expect.stringMatching(/^metadata.generateName: Invalid value: "Kubia-": a lowercase/)],
    },
    {
      name: 'labels',
      meta: { ...sound, labels: { 'a b': '-' } },
      problems: [
        expect.stringMatching(/^metadata.labels: Invalid value: "a b": name part must consist/),
        expect.stringMatching(/^metadata.labels: Invalid value: "-": a valid label must/),
      ],
    },
    { name: 'upper-case annotation keys', meta: { ...sound, annotations: { 'Example.COM/A': 'x' } }, problems: [] },
    {
      name: 'annotations too long together',
      meta: { ...sound, annotations: { a: 'x'.repeat(262_144) } },
      problems: ['metadata.annotations: Too long: may not be more than 262144 bytes'],
    },
    {
      name: 'an incomplete owner',
      meta: { ...sound, ownerReferences: [{ apiVersion: 'apps/', kind: '', name: '', uid: '' }] },
      problems: [
        'metadata.ownerReferences.apiVersion: Invalid value: "apps/": version must not be empty',
        'metadata.ownerReferences.kind: Invalid value: "": must not be empty',
        'metadata.ownerReferences.name: Invalid value: "": must not be empty',
        'metadata.ownerReferences.uid: Invalid value: "": must not be empty',
      ],
    },
    {
      name: 'two controllers',
      meta: { ...sound, ownerReferences: [owner, { ...owner, name: 'other' }] },
      problems: [
        expect.stringMatching(
          'Only one reference can have Controller set to true. Found "true" in references for ' +
            'ReplicationController/kubia and ReplicationController/other',
        ),
      ],
    },
    {
      name: 'finalizers at odds',
      meta: { ...sound, finalizers: ['orphan', 'foregroundDeletion'] },
      problems: [
        'metadata.finalizers: Invalid value: ["orphan","foregroundDeletion"]: ' +
          'finalizer orphan and foregroundDeletion cannot be both set',
      ],
    },
  ])('$name', ({ meta, problems }) => {
    expect(validateMetadata(meta, rules).map(describeFieldError)).toEqual(problems)
  })

  test('a cluster-scoped object has no namespace', () => {
    const errors = validateMetadata(sound, { namespaced: false, nameRule: 'dns-label' })
    expect(errors.map(describeFieldError)).toEqual(['metadata.namespace: Forbidden: not allowed on this type'])
  })
})

describe('on update', () => {
  const previous: DraftMeta = {
    name: 'kubia',
    namespace: 'default',
    uid: 'u',
    resourceVersion: '7',
    creationTimestamp: '2026-01-01T00:00:00Z',
  }

  test.each<{ name: string; next: DraftMeta; before?: DraftMeta; problems: string[] }>([
    { name: 'labels may change', next: { labels: { a: 'b' } }, problems: [] },
    { name: 'name', next: { name: 'x' }, problems: ['metadata.name: Invalid value: "x": field is immutable'] },
    { name: 'uid', next: { uid: 'v' }, problems: ['metadata.uid: Invalid value: "v": field is immutable'] },
    {
      name: 'no resourceVersion',
      next: { resourceVersion: '' },
      problems: ['metadata.resourceVersion: Invalid value: "": must be specified for an update'],
    },
    {
      name: 'generation going back',
      next: { generation: 1 },
      before: { generation: 2 },
      problems: ['metadata.generation: Invalid value: 1: must not be decremented'],
    },
    {
      name: 'a finalizer added while being deleted',
      next: { deletionTimestamp: '2026-01-02T00:00:00Z', finalizers: ['a/b', 'c/d'] },
      before: { deletionTimestamp: '2026-01-02T00:00:00Z', finalizers: ['a/b'] },
      problems: [
        'metadata.finalizers: Forbidden: no new finalizers can be added if the object is being deleted, ' +
          'found new finalizers []string{"c/d"}',
      ],
    },
    {
      name: 'deletion taken back',
      next: {},
      before: { deletionTimestamp: '2026-01-02T00:00:00Z' },
      problems: ['metadata.deletionTimestamp: Invalid value: null: field is immutable'],
    },
  ])('$name', ({ next, before = {}, problems }) => {
    const errors = validateMetadataUpdate({ ...previous, ...next }, { ...previous, ...before })
    expect(errors.map(describeFieldError)).toEqual(problems)
  })
})
