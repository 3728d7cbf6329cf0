import { expect, test } from 'vitest'
import type { Endpoint } from '../api/kinds/endpoint-slice.ts'
import { service } from './fixtures.ts'
import { hintsFor } from './traffic-hints.ts'

const forZone = { forZones: [{ name: 'a' }] }
const forNode = { forNodes: [{ name: 'node-1' }] }
const ready: Endpoint = { addresses: ['10.0.0.1'], conditions: { ready: true }, zone: 'a', nodeName: 'node-1' }
const nowhere: Endpoint = { addresses: ['10.0.0.1'], conditions: { ready: true } }
const { zone: _, ...zoneless } = ready
const { nodeName: __, ...nodeless } = ready
const mode = 'service.kubernetes.io/topology-mode'
const olderMode = 'service.kubernetes.io/topology-aware-hints'

for (const { name, distribution, endpoint = ready, annotations = {}, hints } of [
  { name: 'no distribution, no hints', distribution: undefined, hints: undefined },
  { name: 'PreferClose', distribution: 'PreferClose', hints: forZone },
  { name: 'PreferSameZone', distribution: 'PreferSameZone', hints: forZone },
  { name: 'PreferSameNode', distribution: 'PreferSameNode', hints: { ...forZone, ...forNode } },
  { name: 'a word that is not known', distribution: 'acme.io/Near', hints: undefined },
  { name: 'no zone', distribution: 'PreferSameZone', endpoint: zoneless, hints: undefined },
  { name: 'no zone, but a node', distribution: 'PreferSameNode', endpoint: zoneless, hints: forNode },
  { name: 'no node, but a zone', distribution: 'PreferSameNode', endpoint: nodeless, hints: forZone },
  { name: 'neither', distribution: 'PreferSameNode', endpoint: nowhere, hints: undefined },
  {
    name: 'not ready',
    distribution: 'PreferSameNode',
    endpoint: { ...ready, conditions: { ready: false, serving: true, terminating: true } },
    hints: undefined,
  },
  {
    name: 'the annotation goes first',
    distribution: 'PreferSameZone',
    annotations: { [mode]: 'Auto' },
    hints: undefined,
  },
  {
    name: 'the older annotation goes first of all',
    distribution: 'PreferSameZone',
    annotations: { [mode]: 'Auto', [olderMode]: 'Disabled' },
    hints: forZone,
  },
  {
    name: 'the older annotation alone',
    distribution: 'PreferSameZone',
    annotations: { [olderMode]: 'auto' },
    hints: undefined,
  },
] satisfies {
  name: string
  distribution: string | undefined
  endpoint?: Endpoint
  annotations?: Record<string, string>
  hints: Endpoint['hints']
}[]) {
  test(name, () => {
    const spec = distribution === undefined ? {} : { trafficDistribution: distribution }
    expect(hintsFor(service({ spec, meta: { annotations } }), endpoint)).toEqual(hints)
  })
}
