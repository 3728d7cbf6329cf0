import type { KubeObject } from '../api/object.ts'
import { groupResource, type Resource } from '../api/resource.ts'
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
import { Pods } from '../api/kinds/pod.ts'
import { ReplicaSets } from '../api/kinds/replica-set.ts'
import { ReplicationControllers } from '../api/kinds/replication-controller.ts'
import { Secrets } from '../api/kinds/secret.ts'
import { ServiceAccounts } from '../api/kinds/service-account.ts'
import { Services } from '../api/kinds/service.ts'
import { StatefulSets } from '../api/kinds/stateful-set.ts'
import type { Clock } from '../base/clock.ts'
import type { AddressRange, Cidr } from '../base/ip.ts'
import type { Log } from '../base/log.ts'
import type { Cache } from '../client/cache.ts'
import type { Client } from '../client/client.ts'
import { EventBroadcaster } from '../client/event-recorder.ts'
import { informer } from '../client/informer.ts'
import { runControllers } from '../client/run-controllers.ts'
import { type ControllerDeps, controllers } from '../controllers/index.ts'
import type { CollectedKind } from '../controllers/owner-graph.ts'
import { servedKinds } from './served-kinds.ts'

export interface ControllersDeps extends Pick<ControllerDeps, 'signer' | 'longestSigningSeconds' | 'ownMachines'> {
  readonly client: Client
  readonly log: Log
  readonly clock: Clock
  /** PEM of the cluster's CA. */
  readonly ca: string
  readonly podRange: Cidr
  readonly loadBalancerPool: AddressRange
  /** Told of every cache, by the name of its resource. */
  readonly caches: Map<string, Cache<KubeObject>>
}

/** Runs every controller of the server, over one cache per kind, until the signal aborts. */
export async function runAllControllers(deps: ControllersDeps, signal: AbortSignal): Promise<void> {
  const { client, log, clock } = deps
  const follow = sharedCaches(deps, signal)
  const caches = {
    certificateSigningRequests: follow(CertificateSigningRequests),
    clusterRoles: follow(ClusterRoles),
    configMaps: follow(ConfigMaps),
    controllerRevisions: follow(ControllerRevisions),
    daemonSets: follow(DaemonSets),
    deployments: follow(Deployments),
    endpoints: follow(EndpointsResource),
    endpointSlices: follow(EndpointSlices),
    leases: follow(Leases),
    namespaces: follow(Namespaces),
    nodes: follow(Nodes),
    pods: follow(Pods),
    replicaSets: follow(ReplicaSets),
    replicationControllers: follow(ReplicationControllers),
    secrets: follow(Secrets),
    serviceAccounts: follow(ServiceAccounts),
    services: follow(Services),
    statefulSets: follow(StatefulSets),
  }
  const events = new EventBroadcaster({ client, clock, log })
  const owned = servedKinds.map(({ resource }): CollectedKind => ({ resource, cache: follow(resource) }))
  const all = controllers({ ...deps, caches, kinds: owned, events })
  await runControllers(all, { log, clock, signal })
  await events.idle()
}

/** One cache per resource, however many ask for it. */
function sharedCaches({ client, log, clock, caches }: ControllersDeps, signal: AbortSignal) {
  return <T extends KubeObject>(resource: Resource<T>): Cache<T> => {
    const name = groupResource(resource)
    const cache = caches.get(name) ?? informer(client, resource, { log, clock, signal })
    caches.set(name, cache)
    // A resource's cache holds objects of its type.
    return cache as Cache<T>
  }
}
