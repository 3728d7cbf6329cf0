/** Every message that can be read, and which of them are kinds. Field numbers are those of Kubernetes 1.36. */
import { type Message, parseMessage } from './field-numbers.ts'
import { accessFields } from './fields/access.ts'
import { appsV1Fields } from './fields/apps-v1.ts'
import { clusterFields } from './fields/cluster.ts'
import { coreV1Fields } from './fields/core-v1.ts'
import { metaV1Fields } from './fields/meta-v1.ts'
import { networkingFields } from './fields/networking.ts'
import { podSpecFields } from './fields/pod-spec.ts'
import { volumesFields } from './fields/volumes.ts'

const numbers = new Map(
  [
    metaV1Fields,
    coreV1Fields,
    podSpecFields,
    volumesFields,
    appsV1Fields,
    networkingFields,
    accessFields,
    clusterFields,
  ].flatMap((fields) => Object.entries(fields)),
)

const parsed = new Map<string, Message>()

/** The message of the schema's type of that name. Throws if its numbers are not known. */
export function messageOf(typeName: string): Message {
  const known = parsed.get(typeName)
  if (known !== undefined) return known
  const text = numbers.get(typeName)
  if (text === undefined) throw new Error(`the field numbers of ${typeName} are not known`)
  const message = parseMessage(text)
  parsed.set(typeName, message)
  return message
}

/** Names of the schema; the kind is what follows the version in them. */
export const kindTypes: Readonly<Record<string, string>> = {
  v1: `CoreV1Event V1Binding V1ConfigMap V1Endpoints V1Namespace V1Node V1Pod V1PodTemplate V1ReplicationController
    V1Secret V1Service V1ServiceAccount`,
  'apps/v1': 'V1ControllerRevision V1DaemonSet V1Deployment V1ReplicaSet V1StatefulSet',
  'authentication.k8s.io/v1': 'AuthenticationV1TokenRequest V1SelfSubjectReview V1TokenReview',
  'authorization.k8s.io/v1': `V1LocalSubjectAccessReview V1SelfSubjectAccessReview V1SelfSubjectRulesReview
    V1SubjectAccessReview`,
  'autoscaling/v1': 'V1Scale',
  'certificates.k8s.io/v1': 'V1CertificateSigningRequest',
  'coordination.k8s.io/v1': 'V1Lease',
  'discovery.k8s.io/v1': 'V1EndpointSlice',
  'events.k8s.io/v1': 'EventsV1Event',
  'extensions/v1beta1': 'ExtensionsV1beta1Ingress',
  'networking.k8s.io/v1': 'V1IPAddress V1Ingress V1IngressClass V1ServiceCIDR',
  'networking.k8s.io/v1beta1': 'NetworkingV1beta1Ingress',
  'policy/v1': 'V1Eviction',
  'rbac.authorization.k8s.io/v1': 'V1ClusterRole V1ClusterRoleBinding V1Role V1RoleBinding',
  'scheduling.k8s.io/v1': 'V1PriorityClass',
}

const typesByKind = new Map(
  Object.entries(kindTypes).flatMap(([apiVersion, types]) =>
    types.split(/\s+/).map((type) => [`${apiVersion} ${kindOf(type)}`, type] as const),
  ),
)

/** The schema's type of a kind; undefined if it is not known. Every group has `DeleteOptions` of its own. */
export function typeOfKind(apiVersion: string, kind: string): string | undefined {
  return kind === 'DeleteOptions' ? 'V1DeleteOptions' : typesByKind.get(`${apiVersion} ${kind}`)
}

/** `Event` of `CoreV1Event` */
function kindOf(typeName: string): string {
  return typeName.replace(/^(?:[A-Z][a-z]+)?V\d+(?:beta\d+)?/, '')
}
