import { expect, test } from 'vitest'
import type { Node } from '../../api/kinds/node.ts'
import type { PodSpec } from '../../api/kinds/pod.ts'
import { node } from '../fixtures.ts'
import { daemonSet } from '../set-fixtures.ts'
import { daemonTemplate, targetNodeOf } from './daemon-pod.ts'
import { suitabilityText, suitableNodes } from './suitability.ts'

const containers = [{ name: 'main', image: 'busybox' }]
/** A node with taints, each `KEY:EFFECT`. */
function tainted(...taints: string[]) {
  return { spec: { taints: taints.map((text) => ({ key: text.split(':')[0] ?? '', effect: text.split(':')[1] ?? '' })) } }
}

function setOf(spec: Partial<PodSpec>) {
  return daemonSet({ template: { metadata: { labels: { app: 'kubia' } }, spec: { containers, ...spec } } })
}

function required(key: string, operator: string, values: string[]) {
  const nodeSelectorTerms = [{ matchExpressions: [{ key, operator, values }] }]
  return { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms } } }
}

const notReady = ['node.kubernetes.io/not-ready:NoSchedule', 'node.kubernetes.io/not-ready:NoExecute']
const noNetwork = tainted('node.kubernetes.io/network-unavailable:NoSchedule')
const onSsd = { affinity: required('disk', 'In', ['ssd']) }
const toleratingTeam = { tolerations: [{ key: 'team', operator: 'Exists' }] }
const cordoned = { spec: { unschedulable: true, ...tainted('node.kubernetes.io/unschedulable:NoSchedule').spec } }

test.each<{ name: string; spec?: Partial<PodSpec>; on?: Parameters<typeof node>[0]; is: string }>([
  { name: 'any node', is: 'wanted' },
  { name: 'a cordoned node', on: cordoned, is: 'wanted' },
  { name: 'one short of disk', on: tainted('node.kubernetes.io/disk-pressure:NoSchedule'), is: 'wanted' },
  { name: 'one that is not ready', on: { ready: 'False', ...tainted(...notReady) }, is: 'kept' },
  { name: 'one that is not ready, which no taint says yet', on: { ready: 'False' }, is: 'kept' },
  { name: 'one that is reserved', on: tainted('team:NoSchedule'), is: 'kept' },
  { name: 'one that is reserved by force', on: tainted('team:NoExecute'), is: 'none' },
  { name: 'one that is preferably left alone', on: tainted('team:PreferNoSchedule'), is: 'wanted' },
  { name: 'one whose taint is tolerated', spec: toleratingTeam, on: tainted('team:NoExecute'), is: 'wanted' },
  { name: 'one without network', on: noNetwork, is: 'kept' },
  { name: 'one without network, for what has none of its own', spec: { hostNetwork: true }, on: noNetwork, is: 'wanted' },
  { name: 'one with the label', spec: { nodeSelector: { disk: 'ssd' } }, on: { labels: { disk: 'ssd' } }, is: 'wanted' },
  { name: 'one without the label', spec: { nodeSelector: { disk: 'ssd' } }, is: 'none' },
  { name: 'one that affinity asks for', spec: onSsd, on: { labels: { disk: 'ssd' } }, is: 'wanted' },
  { name: 'one that it does not ask for', spec: onSsd, is: 'none' },
  { name: 'the node that is named', spec: { nodeName: 'node-1' }, is: 'wanted' },
  { name: 'another than is named', spec: { nodeName: 'node-2' }, is: 'none' },
])('$name: $is', ({ spec = {}, on = {}, is }) => {
  expect(suitableNodes(setOf(spec), [node(on)]).get('node-1')).toBe(is)
})

test('the pod for a node is sent there by name, and tolerates the node’s troubles', () => {
  const tolerations = [
    { key: 'node.kubernetes.io/not-ready', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 5 },
    { key: 'team', operator: 'Exists' },
  ]
  const affinity = { podAffinity: {}, ...required('disk', 'In', ['ssd']) }
  const { metadata, spec } = daemonTemplate(setOf({ tolerations, affinity }), 'abc', 'node-7')
  expect(metadata?.labels).toEqual({ app: 'kubia', 'controller-revision-hash': 'abc', 'pod-template-generation': '1' })
  expect(spec?.affinity).toEqual({
    podAffinity: {},
    nodeAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: {
        nodeSelectorTerms: [{ matchFields: [{ key: 'metadata.name', operator: 'In', values: ['node-7'] }] }],
      },
    },
  })
  expect(spec?.tolerations?.map(({ key = '', effect = '' }) => `${key.split('/').at(-1)} ${effect}`)).toEqual([
    'team ',
    'not-ready NoExecute',
    'unreachable NoExecute',
    'disk-pressure NoSchedule',
    'memory-pressure NoSchedule',
    'pid-pressure NoSchedule',
    'unschedulable NoSchedule',
  ])
  expect(spec?.tolerations?.every(({ tolerationSeconds }) => tolerationSeconds === undefined)).toBe(true)
  const pod = { apiVersion: 'v1', kind: 'Pod', metadata: node().metadata, spec: spec ?? { containers } }
  expect(targetNodeOf(pod)).toBe('node-7')
  expect(targetNodeOf({ ...pod, spec: { containers } })).toBeUndefined()
  expect(targetNodeOf({ ...pod, spec: { containers, nodeName: 'node-1' } })).toBe('node-1')
})

test('what a node says of its health by the second is not looked at', () => {
  const before = node()
  const beat = (status: string): Node => ({
    ...before,
    status: { conditions: [{ type: 'Ready', status, lastHeartbeatTime: '2026-01-01T00:00:10Z' }] },
  })
  expect(suitabilityText(beat('True'))).toBe(suitabilityText(before))
  expect(suitabilityText(beat('False'))).not.toBe(suitabilityText(before))
  const labelled = { ...before, metadata: { ...before.metadata, labels: { a: 'b' } } }
  expect(suitabilityText(labelled)).not.toBe(suitabilityText(before))
})
