import { expect, test } from 'vitest'
import { readSchema } from '../schema/schema-file.ts'
import { mergeApplied } from './merge.ts'
import { structuralType } from './structural-type.ts'

const schema = readSchema()
const pod = structuralType(schema, 'V1Pod')

for (const { name, live, applied, merged } of [
  { name: 'new items come last', live: 'ab', applied: 'c', merged: 'abc' },
  { name: 'live items stay before the shared ones that they preceded', live: 'abc', applied: 'ca', merged: 'bca' },
  { name: 'the applied order wins', live: 'ab', applied: 'ba', merged: 'ba' },
  { name: 'new items stand where they are applied', live: 'ac', applied: 'abc', merged: 'abc' },
  { name: 'live ones come before new ones', live: 'za', applied: 'xa', merged: 'zxa' },
  { name: 'nothing applied changes nothing', live: 'ab', applied: '', merged: 'ab' },
]) {
  test(`lists: ${name}`, () => {
    const listOf = (names: string) => ({ spec: { containers: [...names].map((item) => ({ name: item })) } })
    expect(mergeApplied(listOf(live), listOf(applied), pod)).toEqual(listOf(merged))
    const setOf = (names: string) => ({ metadata: { finalizers: [...names] } })
    expect(mergeApplied(setOf(live), setOf(applied), pod)).toEqual(setOf(merged))
  })
}

for (const { name, live, applied, merged } of [
  {
    name: 'atomic lists are replaced',
    live: { spec: { tolerations: [{ key: 'a' }] } },
    applied: { spec: { tolerations: [{ key: 'b' }] } },
    merged: { spec: { tolerations: [{ key: 'b' }] } },
  },
  {
    name: 'so are atomic maps',
    live: { spec: { nodeSelector: { a: '1' } } },
    applied: { spec: { nodeSelector: { b: '2' } } },
    merged: { spec: { nodeSelector: { b: '2' } } },
  },
  {
    name: 'and atomic objects',
    live: { metadata: { ownerReferences: [{ uid: '1', name: 'a', controller: true }] } },
    applied: { metadata: { ownerReferences: [{ uid: '1', name: 'b' }] } },
    merged: { metadata: { ownerReferences: [{ uid: '1', name: 'b' }] } },
  },
  {
    name: 'granular maps are merged',
    live: { metadata: { labels: { a: '1', b: '1' } } },
    applied: { metadata: { labels: { b: '2', c: '2' } } },
    merged: { metadata: { labels: { a: '1', b: '2', c: '2' } } },
  },
  {
    name: 'a protocol left out is TCP',
    live: { spec: { containers: [{ name: 'a', ports: [{ containerPort: 80, protocol: 'TCP', name: 'x' }] }] } },
    applied: { spec: { containers: [{ name: 'a', ports: [{ containerPort: 80, name: 'y' }] }] } },
    merged: { spec: { containers: [{ name: 'a', ports: [{ containerPort: 80, protocol: 'TCP', name: 'y' }] }] } },
  },
  {
    name: 'empty maps and lists take nothing away',
    live: { metadata: { labels: { a: '1' } }, spec: { containers: [{ name: 'a' }] } },
    applied: { metadata: { labels: {} }, spec: { containers: [] } },
    merged: { metadata: { labels: { a: '1' } }, spec: { containers: [{ name: 'a' }] } },
  },
]) {
  test(name, () => {
    const before = JSON.stringify([live, applied])
    expect(mergeApplied(live, applied, pod)).toEqual(merged)
    expect(JSON.stringify([live, applied])).toBe(before)
  })
}
