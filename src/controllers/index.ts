import type { CertificateSigningRequest } from '../api/kinds/certificate-signing-request.ts'
import type { ClusterRole } from '../api/kinds/cluster-role.ts'
import type { ConfigMap } from '../api/kinds/config-map.ts'
import type { ControllerRevision } from '../api/kinds/controller-revision.ts'
import type { DaemonSet } from '../api/kinds/daemon-set.ts'
import type { Deployment } from '../api/kinds/deployment.ts'
import type { EndpointSlice } from '../api/kinds/endpoint-slice.ts'
import type { Endpoints } from '../api/kinds/endpoints.ts'
import { ownClasses } from '../api/kinds/load-balancer.ts'
import type { Lease } from '../api/kinds/lease.ts'
import type { Namespace } from '../api/kinds/namespace.ts'
import type { Node } from '../api/kinds/node.ts'
import type { Pod } from '../api/kinds/pod.ts'
import type { ReplicaSet } from '../api/kinds/replica-set.ts'
import type { ReplicationController } from '../api/kinds/replication-controller.ts'
import type { Secret } from '../api/kinds/secret.ts'
import type { ServiceAccount } from '../api/kinds/service-account.ts'
import type { Service } from '../api/kinds/service.ts'
import type { StatefulSet } from '../api/kinds/stateful-set.ts'
import type { Clock } from '../base/clock.ts'
import type { AddressRange, Cidr } from '../base/ip.ts'
import type { Cache } from '../client/cache.ts'
import type { Client } from '../client/client.ts'
import type { Controller } from '../client/controller.ts'
import type { EventBroadcaster } from '../client/event-recorder.ts'
import { type ApprovalDeps, csrApprovalController } from './certificates/approval.ts'
import { csrCleanerController } from './certificates/cleaner.ts'
import type { CertificateSigner } from './certificates/signer.ts'
import { csrSigningController } from './certificates/signing.ts'
import { subjectAccess } from './certificates/subject-access.ts'
import { clusterRoleAggregationController } from './cluster-role-aggregation.ts'
import { daemonSetController } from './daemon-set/daemon-set.ts'
import { deploymentController } from './deployment/deployment.ts'
import { endpointSliceMirroringController } from './endpoint-slice-mirroring.ts'
import { endpointSliceController } from './endpoint-slice.ts'
import { endpointsController } from './endpoints.ts'
import { garbageCollector } from './garbage-collector.ts'
import { loadBalancerAddressController } from './load-balancer-addresses.ts'
import { rootCaController, serviceAccountController } from './namespace-defaults.ts'
import { namespaceController } from './namespace.ts'
import { nodeIpamController } from './node-ipam.ts'
import { nodeLifecycleController } from './node-lifecycle.ts'
import type { CollectedKind } from './owner-graph.ts'
import { podGcController } from './pod-gc.ts'
import { replicaSetController } from './replica-set.ts'
import { replicationController } from './replication.ts'
import { schedulerController } from './scheduler/scheduler.ts'
import { serviceReasonsController } from './service-reasons.ts'
import { statefulSetController } from './stateful-set/stateful-set.ts'
import { taintEvictionController } from './taint-eviction.ts'
import { tokenCleanerController } from './token-cleaner.ts'

export type { CollectedKind }

export interface ControllerDeps {
  readonly client: Client
  readonly caches: ControllerCaches
  /** Every kind whose objects may own others, be owned, or be in a namespace; one version of each. */
  readonly kinds: readonly CollectedKind[]
  readonly events: EventBroadcaster
  readonly clock: Clock
  /** PEM of the cluster's CA, for `kube-root-ca.crt`. */
  readonly ca: string
  /** Signs what nodes ask for, and what people approve. */
  readonly signer: CertificateSigner
  /** The longest that what it signs is good; a year unless given. */
  readonly longestSigningSeconds?: number
  /** Names and addresses that no machine that joins may have. */
  readonly ownMachines: Pick<ApprovalDeps, 'isReserved' | 'isForeign'>
  /** The range of all pods; each node gets a /24 of it. */
  readonly podRange: Cidr
  /** Addresses for Services of type LoadBalancer. */
  readonly loadBalancerPool: AddressRange
  /** How long a node may be silent before it counts as unreachable; 40 s unless given. */
  readonly nodeGraceMs?: number
}

export interface ControllerCaches {
  readonly certificateSigningRequests: Cache<CertificateSigningRequest>
  readonly clusterRoles: Cache<ClusterRole>
  readonly configMaps: Cache<ConfigMap>
  readonly controllerRevisions: Cache<ControllerRevision>
  readonly daemonSets: Cache<DaemonSet>
  readonly deployments: Cache<Deployment>
  readonly endpoints: Cache<Endpoints>
  readonly endpointSlices: Cache<EndpointSlice>
  readonly leases: Cache<Lease>
  readonly namespaces: Cache<Namespace>
  readonly nodes: Cache<Node>
  readonly pods: Cache<Pod>
  readonly replicaSets: Cache<ReplicaSet>
  readonly replicationControllers: Cache<ReplicationController>
  readonly secrets: Cache<Secret>
  readonly serviceAccounts: Cache<ServiceAccount>
  readonly services: Cache<Service>
  readonly statefulSets: Cache<StatefulSet>
}

/** All controllers of the server, in the order in which they start: what others need first comes first. */
export function controllers(deps: ControllerDeps): readonly Controller[] {
  const { caches, events, nodeGraceMs } = deps
  const common = { ...caches, client: deps.client, clock: deps.clock, kinds: deps.kinds }
  const recorder = (component: string) => ({ events: events.recorder(component) })
  const grace = nodeGraceMs === undefined ? {} : { graceMs: nodeGraceMs }
  const longest = deps.longestSigningSeconds === undefined ? {} : { longestSeconds: deps.longestSigningSeconds }
  return [
    // No pod starts without its ServiceAccount, and pods mount the CA.
    serviceAccountController(common),
    rootCaController({ ...common, ca: deps.ca }),
    // People are let in by what it puts together.
    clusterRoleAggregationController(common),
    // A machine that joins has no identity before, so no Node.
    csrApprovalController({ ...common, ...deps.ownMachines, mayCreate: subjectAccess(deps.client) }),
    csrSigningController({ ...common, signer: deps.signer, ...longest }),
    // An agent cannot set up its pod network before it has a range.
    nodeIpamController({ ...common, ...recorder('cidrAllocator'), podRange: deps.podRange }),
    // Before the scheduler, so that it does not choose nodes that are gone.
    nodeLifecycleController({ ...common, ...recorder('node-controller'), ...grace }),
    taintEvictionController({ ...common, ...recorder('taint-eviction-controller') }),
    podGcController(common),
    // Before those that create pods, so that their first ones have somewhere to go.
    schedulerController({ ...common, ...recorder('default-scheduler') }),
    replicationController({ ...common, ...recorder('replication-controller') }),
    replicaSetController({ ...common, ...recorder('replicaset-controller') }),
    deploymentController({ ...common, ...recorder('deployment-controller') }),
    statefulSetController({ ...common, ...recorder('statefulset-controller') }),
    daemonSetController({ ...common, ...recorder('daemonset-controller') }),
    // Slices before the legacy Endpoints: they are what traffic follows.
    endpointSliceController(common),
    endpointsController(common),
    endpointSliceMirroringController({ ...common, ...recorder('endpoint-slice-mirroring-controller') }),
    loadBalancerAddressController({ ...common, ...recorder('service-controller'), pool: deps.loadBalancerPool, classes: ownClasses }),
    // It only tells what the others have come to.
    serviceReasonsController({ ...common, ...recorder('service-reasons') }),
    // What takes away comes last: it must not judge by what the others are still putting right.
    garbageCollector(common),
    namespaceController(common),
    csrCleanerController(common),
    tokenCleanerController(common),
  ]
}
