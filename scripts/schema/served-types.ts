/**
 * The top-level types that the schema must hold, by the package that upstream defines them in. All that they refer to
 * comes along, and belongs to the first package here that reaches it: meta before core, core before the others.
 * A new kind is one more name in its package's list.
 */
export interface Package {
  /** Prefix of the OpenAPI names. */
  readonly path: string
  readonly types: readonly string[]
}

export const packages: readonly Package[] = [
  {
    path: 'io.k8s.apimachinery.pkg.apis.meta',
    types: [
      'V1ObjectMeta',
      'V1ListMeta',
      'V1LabelSelector',
      'V1Condition',
      'V1Status',
      'V1DeleteOptions',
      'V1APIGroup',
      'V1APIGroupList',
      'V1APIResourceList',
      'V1APIVersions',
    ],
  },
  {
    path: 'io.k8s.api.core',
    types: [
      ...listed('V1Namespace', 'V1Node', 'V1Pod', 'V1Service', 'V1Endpoints', 'V1ReplicationController'),
      ...listed('V1ConfigMap', 'V1Secret', 'V1ServiceAccount', 'CoreV1Event', 'V1PodTemplate', 'V1LimitRange'),
      ...listed('V1ResourceQuota'),
      'V1Binding',
      // Not served; StatefulSets hold them as templates.
      'V1PersistentVolumeClaim',
    ],
  },
  {
    path: 'io.k8s.api.apps',
    types: listed('V1Deployment', 'V1ReplicaSet', 'V1DaemonSet', 'V1StatefulSet', 'V1ControllerRevision'),
  },
  { path: 'io.k8s.api.networking', types: listed('V1Ingress', 'V1IngressClass', 'V1ServiceCIDR', 'V1IPAddress') },
  { path: 'io.k8s.api.discovery', types: listed('V1EndpointSlice') },
  { path: 'io.k8s.api.certificates', types: listed('V1CertificateSigningRequest') },
  { path: 'io.k8s.api.coordination', types: listed('V1Lease') },
  { path: 'io.k8s.api.events', types: listed('EventsV1Event') },
  {
    path: 'io.k8s.api.rbac',
    types: listed('V1Role', 'V1RoleBinding', 'V1ClusterRole', 'V1ClusterRoleBinding'),
  },
  {
    path: 'io.k8s.api.authentication',
    types: ['V1TokenReview', 'V1SelfSubjectReview', 'AuthenticationV1TokenRequest'],
  },
  {
    path: 'io.k8s.api.authorization',
    types: [
      'V1SubjectAccessReview',
      'V1LocalSubjectAccessReview',
      'V1SelfSubjectAccessReview',
      'V1SelfSubjectRulesReview',
    ],
  },
  { path: 'io.k8s.api.scheduling', types: listed('V1PriorityClass') },
  { path: 'io.k8s.api.autoscaling', types: ['V1Scale'] },
  { path: 'io.k8s.api.policy', types: ['V1Eviction'] },
]

/**
 * The client library says `string` for quantities. These fields, or their values where they are maps, are quantities;
 * of k8s.io/api/core/v1.
 */
export const quantities: Readonly<Record<string, readonly string[]>> = {
  V1ContainerStatus: ['allocatedResources'],
  V1EmptyDirVolumeSource: ['sizeLimit'],
  V1LimitRangeItem: ['max', 'min', 'default', 'defaultRequest', 'maxLimitRequestRatio'],
  V1NodeAllocatableResourceClaimStatus: ['resources'],
  V1NodeStatus: ['capacity', 'allocatable'],
  V1PersistentVolumeClaimStatus: ['capacity', 'allocatedResources'],
  V1PodSpec: ['overhead'],
  V1PodStatus: ['allocatedResources'],
  V1ResourceFieldSelector: ['divisor'],
  V1ResourceQuotaSpec: ['hard'],
  V1ResourceQuotaStatus: ['hard', 'used'],
  V1ResourceRequirements: ['limits', 'requests'],
  V1VolumeResourceRequirements: ['limits', 'requests'],
}

/** Each with the type of its list. */
function listed(...types: string[]): string[] {
  return types.flatMap((type) => [type, `${type}List`])
}
