/**
 * How server-side apply treats lists and maps: the `listType`, `listMapKey`, `mapType` and `structType` marks of
 * upstream's types (k8s.io/api and apimachinery of Kubernetes 1.36), which the generated schema does not have.
 * Lists that are not here are atomic: owned and replaced as a whole. Maps and objects that are not here are granular:
 * each of their fields has owners of its own.
 */
export type ListRule =
  | { readonly type: 'atomic' }
  /** Plain values, each once. */
  | { readonly type: 'set' }
  /** Objects that their keys tell apart. */
  | { readonly type: 'map'; readonly keys: readonly string[] }

const containerLists = {
  env: ['name'],
  ports: ['containerPort', 'protocol'],
  volumeDevices: ['devicePath'],
  volumeMounts: ['mountPath'],
}
const conditions = { conditions: ['type'] }

/** Lists of objects, by the fields that tell their items apart. */
const mapLists: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  V1CertificateSigningRequestStatus: conditions,
  V1Container: containerLists,
  V1ContainerStatus: { allocatedResourcesStatus: ['name'], volumeMounts: ['mountPath'] },
  V1DaemonSetStatus: conditions,
  V1DeploymentStatus: conditions,
  V1EphemeralContainer: containerLists,
  V1NamespaceStatus: conditions,
  V1NodeStatus: { addresses: ['type'], conditions: ['type'] },
  V1ObjectMeta: { ownerReferences: ['uid'] },
  V1PersistentVolumeClaimStatus: conditions,
  V1PodSpec: {
    containers: ['name'],
    ephemeralContainers: ['name'],
    hostAliases: ['ip'],
    imagePullSecrets: ['name'],
    initContainers: ['name'],
    resourceClaims: ['name'],
    schedulingGates: ['name'],
    topologySpreadConstraints: ['topologyKey', 'whenUnsatisfiable'],
    volumes: ['name'],
  },
  V1PodStatus: {
    conditions: ['type'],
    podIPs: ['ip'],
    resourceClaimStatuses: ['name'],
  },
  V1ReplicaSetStatus: conditions,
  V1ReplicationControllerStatus: conditions,
  V1ResourceRequirements: { claims: ['name'] },
  V1ResourceStatus: { resources: ['resourceID'] },
  V1ServiceAccount: { secrets: ['name'] },
  V1ServiceCIDRStatus: conditions,
  V1ServiceSpec: { ports: ['port', 'protocol'] },
  V1ServiceStatus: conditions,
  V1StatefulSetStatus: conditions,
}

const setLists: Readonly<Record<string, readonly string[]>> = {
  V1ContainerRestartRuleOnExitCodes: ['values'],
  V1Endpoint: ['addresses'],
  V1NodeAllocatableResourceClaimStatus: ['containers'],
  V1NodeSpec: ['podCIDRs'],
  V1ObjectMeta: ['finalizers'],
}

/** Fields that are maps, owned as a whole. */
const atomicMaps: Readonly<Record<string, readonly string[]>> = {
  V1PodSpec: ['nodeSelector'],
  V1ReplicationControllerSpec: ['selector'],
  V1ServiceSpec: ['selector'],
}

/** Types whose objects are owned as a whole, wherever they stand. */
export const atomicTypes: ReadonlySet<string> = new Set([
  'CoreV1EndpointPort',
  'DiscoveryV1EndpointPort',
  'RbacV1Subject',
  'V1ConfigMapKeySelector',
  'V1EndpointAddress',
  'V1FileKeySelector',
  'V1LabelSelector',
  'V1LocalObjectReference',
  'V1NodeSelector',
  'V1NodeSelectorTerm',
  'V1ObjectFieldSelector',
  'V1ObjectReference',
  'V1OwnerReference',
  'V1ResourceFieldSelector',
  'V1RoleRef',
  'V1ScopeSelector',
  'V1SecretKeySelector',
  'V1ServiceBackendPort',
  'V1TypedLocalObjectReference',
])

/** What a key counts as where an item leaves it out; a required one counts as empty or zero. */
const keyDefaults: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  V1ContainerPort: { protocol: 'TCP' },
  V1LocalObjectReference: { name: '' },
  V1ServicePort: { protocol: 'TCP' },
}

/**
 * Fields that every object of the type has upstream, if only empty, since their Go types are structs and not pointers:
 * nobody owns such a field itself, only what is in it. Every `metadata`, `spec` and `status` is one of them.
 */
const standingFields: Readonly<Record<string, readonly string[]>> = {
  CoreV1Event: ['source'],
  EventsV1Event: ['deprecatedSource'],
  ExtensionsV1beta1IngressStatus: ['loadBalancer'],
  NetworkingV1beta1IngressStatus: ['loadBalancer'],
  V1Container: ['resources'],
  V1DaemonSetSpec: ['template', 'updateStrategy'],
  V1DeploymentSpec: ['strategy', 'template'],
  V1EphemeralContainer: ['resources'],
  V1IngressStatus: ['loadBalancer'],
  V1NodeDaemonEndpoints: ['kubeletEndpoint'],
  V1NodeStatus: ['daemonEndpoints', 'nodeInfo'],
  V1PodSpec: ['containers'],
  V1PodTemplate: ['template'],
  V1ReplicaSetSpec: ['template'],
  V1ServiceStatus: ['loadBalancer'],
  V1StatefulSetSpec: ['template', 'updateStrategy'],
}

const standingEverywhere = new Set(['metadata', 'spec', 'status'])
const atomic: ListRule = { type: 'atomic' }
const set: ListRule = { type: 'set' }

/** The rule of a field that is a list, `listRule('V1PodSpec', 'containers')`. */
export function listRule(type: string, field: string): ListRule {
  const keys = mapLists[type]?.[field]
  if (keys !== undefined) return { type: 'map', keys }
  return setLists[type]?.includes(field) === true ? set : atomic
}

/** Whether a field that is a map is owned as a whole. */
export function isAtomicMap(type: string, field: string): boolean {
  return atomicMaps[type]?.includes(field) === true
}

/** What the key of a list counts as where an item of that type leaves it out; undefined if no table says so. */
export function keyDefault(itemType: string, key: string): string | undefined {
  return keyDefaults[itemType]?.[key]
}

/** Whether a field is there in every object of the type, so that nobody owns the field itself. */
export function isStanding(type: string, field: string): boolean {
  return standingEverywhere.has(field) || standingFields[type]?.includes(field) === true
}

/** Every field that a table names, as `[type, field]`. */
export const fieldsInTables: readonly (readonly [string, string])[] = [
  ...[mapLists, keyDefaults].flatMap((table) =>
    Object.entries(table).flatMap(([type, fields]) => Object.keys(fields).map((field) => [type, field] as const)),
  ),
  ...[setLists, atomicMaps, standingFields].flatMap((table) =>
    Object.entries(table).flatMap(([type, fields]) => fields.map((field) => [type, field] as const)),
  ),
]
