import { expect, test } from 'vitest'
import { Pods } from '../api/kinds/pod.ts'
import { ReplicaSets } from '../api/kinds/replica-set.ts'
import { replicaSet } from './deployment/fixtures.ts'
import { pod, TestCluster } from './fixtures.ts'
import { replicaSetController } from './replica-set.ts'

function start(cluster: TestCluster): void {
  const { client, clock } = cluster
  cluster.run(
    replicaSetController({
      client,
      clock,
      replicaSets: cluster.cache(ReplicaSets),
      pods: cluster.cache(Pods),
      events: cluster.events.recorder('replicaset-controller'),
    }),
  )
}

const labelsOf = (text: string) => ({ app: 'kubia', 'pod-template-hash': text })
const ownedBy = (text: string) => ({
  ownerReferences: [
    { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: `kubia-${text}`, uid: `uid-of-${text}`, controller: true },
  ],
})
const podOf = (text: string, name: string, nodeName: string) =>
  pod({ name, nodeName, labels: labelsOf(text), meta: ownedBy(text) })

test('keeps as many pods as are asked for, with the labels of the template', async () => {
  await using cluster = new TestCluster()
  cluster.client.seed(ReplicaSets, replicaSet('v1', 2))
  start(cluster)
  await cluster.quiet()
  const pods = cluster.client.peekAll(Pods)
  expect(pods.map(({ metadata }) => metadata.labels)).toEqual([labelsOf('v1'), labelsOf('v1')])
  for (const { metadata } of pods) expect(metadata).toMatchObject(ownedBy('v1'))
})

test('of two nodes the one with more pods of the whole Deployment loses one', async () => {
  await using cluster = new TestCluster()
  cluster.client.seed(ReplicaSets, replicaSet('v1', 1), replicaSet('v2', 2))
  cluster.client.seed(
    Pods,
    podOf('v1', 'a', 'node-1'),
    podOf('v1', 'b', 'node-2'),
    podOf('v2', 'c', 'node-2'),
    podOf('v2', 'd', 'node-2'),
  )
  start(cluster)
  await cluster.quiet()
  expect(cluster.client.peekAll(Pods).map(({ metadata }) => metadata.name)).toEqual(['a', 'c', 'd'])
})

test('counts its pods on their way out, until they are gone or have ended', async () => {
  await using cluster = new TestCluster()
  cluster.client.seed(ReplicaSets, replicaSet('v1', 0))
  const leaving = { ...ownedBy('v1'), deletionTimestamp: '2026-01-01T00:00:01Z' }
  cluster.client.seed(
    Pods,
    pod({ name: 'a', labels: labelsOf('v1'), meta: leaving }),
    pod({ name: 'b', labels: labelsOf('v1'), meta: leaving }),
    pod({ name: 'ended', labels: labelsOf('v1'), meta: leaving, status: { phase: 'Succeeded' } }),
    pod({ name: 'relabelled', labels: { app: 'debug' }, meta: leaving }),
  )
  start(cluster)
  await cluster.quiet()
  const status = () => cluster.client.peek(ReplicaSets, 'default/kubia-v1')?.status
  expect(status()).toMatchObject({ replicas: 0, terminatingReplicas: 2 })
  cluster.client.unseed(Pods, { namespace: 'default', name: 'a' })
  await cluster.quiet()
  expect(status()).toMatchObject({ replicas: 0, terminatingReplicas: 1 })
})
