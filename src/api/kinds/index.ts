/** What the server can serve. Discovery lists resources in this order; nothing else depends on it. */
import type { Kind, View } from '../kind.ts'
import { certificateSigningRequestKind } from './certificate-signing-request.ts'
import { clusterRoleBindingKind } from './cluster-role-binding.ts'
import { clusterRoleKind } from './cluster-role.ts'
import { configMapKind } from './config-map.ts'
import { controllerRevisionKind } from './controller-revision.ts'
import { daemonSetKind } from './daemon-set.ts'
import { deploymentKind } from './deployment.ts'
import { endpointSliceKind } from './endpoint-slice.ts'
import { endpointsKind } from './endpoints.ts'
import { eventKind } from './event.ts'
import { eventV1View } from './events-v1.ts'
import { ingressClassKind } from './ingress-class.ts'
import { ingressKind } from './ingress.ts'
import { ipAddressKind } from './ip-address.ts'
import { leaseKind } from './lease.ts'
import { legacyIngressViews } from './legacy-ingress.ts'
import { namespaceKind } from './namespace.ts'
import { nodeKind } from './node.ts'
import { podTemplateKind } from './pod-template.ts'
import { podKind } from './pod.ts'
import { priorityClassKind } from './priority-class.ts'
import { replicaSetKind } from './replica-set.ts'
import { replicationControllerKind } from './replication-controller.ts'
import { roleBindingKind } from './role-binding.ts'
import { roleKind } from './role.ts'
import { secretKind } from './secret.ts'
import { serviceAccountKind } from './service-account.ts'
import { serviceCIDRKind } from './service-cidr.ts'
import { serviceKind } from './service.ts'
import { statefulSetKind } from './stateful-set.ts'

/** Kinds that mean something as soon as they are served. */
export const kinds: readonly Kind[] = [
  configMapKind,
  endpointsKind,
  eventKind,
  namespaceKind,
  nodeKind,
  podKind,
  podTemplateKind,
  replicationControllerKind,
  secretKind,
  serviceAccountKind,
  serviceKind,
  deploymentKind,
  replicaSetKind,
  daemonSetKind,
  statefulSetKind,
  controllerRevisionKind,
  endpointSliceKind,
  leaseKind,
  roleKind,
  roleBindingKind,
  clusterRoleKind,
  clusterRoleBindingKind,
  priorityClassKind,
  certificateSigningRequestKind,
]

export interface KindWithoutController {
  readonly kind: Kind
  /** What nobody does yet about its objects. */
  readonly because: string
}

/** Kinds that are stored, judged and printed, but that nothing acts on. One moves up when that changes. */
export const kindsWithoutControllers: readonly KindWithoutController[] = [
  { kind: ingressKind, because: 'no proxy takes requests for it' },
  { kind: ingressClassKind, because: 'it says which proxy serves an Ingress, and there is none' },
  { kind: serviceCIDRKind, because: 'the range of Services is fixed when the cluster is made' },
  { kind: ipAddressKind, because: 'addresses of Services are allotted without a record of this kind' },
]

/** Other forms of kinds; each is of use where its kind is served. */
export const views: readonly View[] = [eventV1View, ...legacyIngressViews]
