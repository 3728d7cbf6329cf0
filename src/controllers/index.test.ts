import { expect, test } from 'vitest'
import { CertificateSigningRequests } from '../api/kinds/certificate-signing-request.ts'
import { ClusterRoles } from '../api/kinds/cluster-role.ts'
import { ConfigMaps } from '../api/kinds/config-map.ts'
import { ControllerRevisions } from '../api/kinds/controller-revision.ts'
import { DaemonSets } from '../api/kinds/daemon-set.ts'
import { Deployments } from '../api/kinds/deployment.ts'
import { EndpointSlices } from '../api/kinds/endpoint-slice.ts'
import { EndpointsResource } from '../api/kinds/endpoints.ts'
import { Leases } from '../api/kinds/lease.ts'
import { Namespaces } from '../api/kinds/namespace.ts'
import { Nodes } from '../api/kinds/node.ts'
import { Pods, type Pod } from '../api/kinds/pod.ts'
import { ReplicaSets } from '../api/kinds/replica-set.ts'
import { ReplicationControllers } from '../api/kinds/replication-controller.ts'
import { Secrets } from '../api/kinds/secret.ts'
import { ServiceAccounts } from '../api/kinds/service-account.ts'
import { Services } from '../api/kinds/service.ts'
import { StatefulSets } from '../api/kinds/stateful-set.ts'
import type { KubeObject } from '../api/object.ts'
import { parseCidr } from '../base/ip.ts'
import type { Cache } from '../client/cache.ts'
import { deployment } from './deployment/fixtures.ts'
import { node, replicationController as rc, service, sliceText, TestCluster } from './fixtures.ts'
import { controllers } from './index.ts'

function start(cluster: TestCluster): readonly string[] {
  const caches = {
    certificateSigningRequests: cluster.cache(CertificateSigningRequests),
    clusterRoles: cluster.cache(ClusterRoles),
    configMaps: cluster.cache(ConfigMaps),
    controllerRevisions: cluster.cache(ControllerRevisions),
    daemonSets: cluster.cache(DaemonSets),
    deployments: cluster.cache(Deployments),
    endpoints: cluster.cache(EndpointsResource),
    endpointSlices: cluster.cache(EndpointSlices),
    leases: cluster.cache(Leases),
    namespaces: cluster.cache(Namespaces),
    nodes: cluster.cache(Nodes),
    pods: cluster.cache(Pods),
    replicaSets: cluster.cache(ReplicaSets),
    replicationControllers: cluster.cache(ReplicationControllers),
    secrets: cluster.cache(Secrets),
    serviceAccounts: cluster.cache(ServiceAccounts),
    services: cluster.cache(Services),
    statefulSets: cluster.cache(StatefulSets),
  }
  const kinds = [
    { resource: Pods, cache: caches.pods as Cache<KubeObject> },
    { resource: Deployments, cache: caches.deployments as Cache<KubeObject> },
    { resource: ReplicaSets, cache: caches.replicaSets as Cache<KubeObject> },
    { resource: ReplicationControllers, cache: caches.replicationControllers as Cache<KubeObject> },
    { resource: Services, cache: caches.services as Cache<KubeObject> },
    { resource: EndpointSlices, cache: caches.endpointSlices as Cache<KubeObject> },
    { resource: EndpointsResource, cache: caches.endpoints as Cache<KubeObject> },
  ]
  const podRange = parseCidr('10.108.0.0/16')
  if (podRange === undefined) throw new Error('not a range')
  const loadBalancerPool = { first: 0xcb00710a, last: 0xcb0071fe }
  const { client, clock, events } = cluster
  const signer = { sign: () => Promise.reject(new Error('nobody asks for a certificate here')) }
  const ownMachines = { isReserved: () => false, isForeign: () => false }
  const all = controllers({ client, clock, events, caches, kinds, ca: 'PEM', podRange, loadBalancerPool, signer, ownMachines })
  cluster.run(...all)
  return all.map(({ name }) => name)
}

/** What an agent does to the pods it is given. */
function runPods(cluster: TestCluster, pods: readonly Pod[]): void {
  for (const [at, pod] of pods.entries()) {
    const conditions = [{ type: 'Ready', status: 'True', lastTransitionTime: '2026-01-01T00:00:00Z' }]
    const podIP = `10.108.1.${at + 2}`
    cluster.client.seed(Pods, { ...pod, status: { phase: 'Running', podIP, podIPs: [{ ip: podIP }], conditions } })
  }
}

test('together: pods are made, placed, and joined to the Service, and all goes with its owner', async () => {
  await using cluster = new TestCluster()
  const { client } = cluster
  client.seed(
    Namespaces,
    { metadata: { name: 'default' }, spec: { finalizers: ['kubernetes'] }, status: { phase: 'Active' } },
  )
  client.seed(Nodes, node({ name: 'node-1' }), node({ name: 'node-2' }))
  client.seed(ReplicationControllers, rc(4))
  client.seed(Services, service())
  const names = start(cluster)
  expect(new Set(names).size).toBe(names.length)
  await cluster.quiet()

  const pods = await cluster.all(Pods)
  expect(pods.map(({ spec }) => spec.nodeName).sort()).toEqual(['node-1', 'node-1', 'node-2', 'node-2'])
  runPods(cluster, pods)
  await cluster.quiet()
  const addresses = [2, 3, 4, 5].map((last) => `10.108.1.${last}`)
  expect((await cluster.all(EndpointSlices)).map(sliceText)).toEqual([
    `${addresses.map((address) => `${address} ready serving`).join(' | ')} : =8080`,
  ])
  expect(
    client.peek(EndpointsResource, 'default/kubia')?.subsets?.[0]?.addresses?.map(({ ip }) => ip),
  ).toEqual(addresses)
  expect(client.peek(ReplicationControllers, 'default/kubia')?.status).toMatchObject({
    replicas: 4,
    availableReplicas: 4,
  })
  expect(client.peek(ServiceAccounts, 'default/default')).toBeDefined()

  const mark = client.calls.length
  await cluster.quiet()
  expect(client.calls.slice(mark)).toEqual([])

  client.unseed(ReplicationControllers, { namespace: 'default', name: 'kubia' })
  client.unseed(Services, { namespace: 'default', name: 'kubia' })
  await cluster.quiet()
  expect(await cluster.all(Pods)).toEqual([])
  expect(await cluster.all(EndpointSlices)).toEqual([])
  expect(await cluster.all(EndpointsResource)).toEqual([])
})

test('a Deployment too: its ReplicaSet and pods come from it, are placed, and go with it', async () => {
  await using cluster = new TestCluster()
  const { client } = cluster
  client.seed(Nodes, node({ name: 'node-1' }))
  client.seed(Deployments, deployment())
  start(cluster)
  await cluster.quiet()
  const pods = await cluster.all(Pods)
  expect(pods.map(({ spec }) => spec.nodeName)).toEqual(['node-1', 'node-1', 'node-1'])
  runPods(cluster, pods)
  await cluster.quiet()
  expect(client.peek(Deployments, 'default/kubia')?.status).toMatchObject({ updatedReplicas: 3, availableReplicas: 3 })

  client.unseed(Deployments, { namespace: 'default', name: 'kubia' })
  await cluster.quiet()
  expect([...(await cluster.all(ReplicaSets)), ...(await cluster.all(Pods))]).toEqual([])
})
