import { expect, test } from 'vitest'
import { pod } from '../fixtures.ts'
import { demandsOf } from './demands.ts'

const container = { name: 'main', image: 'luksa/kubia', resources: { requests: { cpu: '1' } } }
const job = { apiVersion: 'v1', kind: 'Job', name: 'x', uid: 'x', controller: true }
const spread = { maxSkew: 1, topologyKey: 'zone', whenUnsatisfiable: 'DoNotSchedule' }
const plain = pod({ name: 'a', nodeName: '', labels: { app: 'kubia', tier: 'web' }, spec: { containers: [container] } })
const withSpec = (spec: object) => ({ ...plain, spec: { ...plain.spec, ...spec } })
const withMeta = (metadata: object) => ({ ...plain, metadata: { ...plain.metadata, ...metadata } })

for (const { name, other, same } of [
  { name: 'another pod of the template', other: withMeta({ name: 'b', uid: 'b' }), same: true },
  { name: 'another owner', other: withMeta({ ownerReferences: [job] }), same: true },
  { name: 'another order of labels', other: withMeta({ labels: { tier: 'web', app: 'kubia' } }), same: true },
  { name: 'another image', other: withSpec({ containers: [{ ...container, image: 'busybox' }] }), same: true },
  { name: 'another status', other: { ...plain, status: { phase: 'Pending', nominatedNodeName: 'node-1' } }, same: true },
  { name: 'another namespace', other: withMeta({ namespace: 'other' }), same: false },
  { name: 'other labels', other: withMeta({ labels: { app: 'kubia' } }), same: false },
  { name: 'other requests', other: withSpec({ containers: [{ ...container, resources: { requests: { cpu: '2' } } }] }), same: false },
  { name: 'a host port', other: withSpec({ containers: [{ ...container, ports: [{ containerPort: 80, hostPort: 80 }] }] }), same: false },
  { name: 'another priority', other: withSpec({ priority: 1 }), same: false },
  { name: 'no preemption', other: withSpec({ preemptionPolicy: 'Never' }), same: false },
  { name: 'a node selector', other: withSpec({ nodeSelector: { disk: 'ssd' } }), same: false },
  { name: 'affinity', other: withSpec({ affinity: { podAffinity: {} } }), same: false },
  { name: 'tolerations', other: withSpec({ tolerations: [{ operator: 'Exists' }] }), same: false },
  { name: 'spread', other: withSpec({ topologySpreadConstraints: [spread] }), same: false },
]) {
  test(`${name}: ${same ? 'the same demands' : 'other demands'}`, () => {
    expect(demandsOf(other) === demandsOf(plain)).toBe(same)
  })
}
