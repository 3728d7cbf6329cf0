const protocols = ['SCTP', 'TCP', 'UDP']
const traffic = ['Cluster', 'Local']
const honoured = ['Honor', 'Ignore']
const preemption = ['Never', 'PreemptLowerPriority']
const taintEffects = ['NoExecute', 'NoSchedule', 'PreferNoSchedule']
const container = {
  imagePullPolicy: ['Always', 'IfNotPresent', 'Never'],
  terminationMessagePolicy: ['FallbackToLogsOnError', 'File'],
}

/** Fields that take one of a few texts, by type and field: what the generated schema lacks, as upstream marks them. */
const enums: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  CoreV1EndpointPort: { protocol: protocols },
  DiscoveryV1EndpointPort: { protocol: protocols },
  V1Container: container,
  V1ContainerPort: { protocol: protocols },
  V1DaemonSetUpdateStrategy: { type: ['OnDelete', 'RollingUpdate'] },
  V1DeploymentStrategy: { type: ['Recreate', 'RollingUpdate'] },
  V1EndpointSlice: { addressType: ['FQDN', 'IPv4', 'IPv6'] },
  V1EphemeralContainer: container,
  V1HTTPGetAction: { scheme: ['HTTP', 'HTTPS'] },
  V1HTTPIngressPath: { pathType: ['Exact', 'ImplementationSpecific', 'Prefix'] },
  V1NamespaceStatus: { phase: ['Active', 'Terminating'] },
  V1NodeSelectorRequirement: { operator: ['DoesNotExist', 'Exists', 'Gt', 'In', 'Lt', 'NotIn'] },
  V1PodSpec: {
    dnsPolicy: ['ClusterFirst', 'ClusterFirstWithHostNet', 'Default', 'None'],
    preemptionPolicy: preemption,
    restartPolicy: ['Always', 'Never', 'OnFailure'],
  },
  V1PodStatus: {
    phase: ['Failed', 'Pending', 'Running', 'Succeeded', 'Unknown'],
    qosClass: ['BestEffort', 'Burstable', 'Guaranteed'],
  },
  V1PriorityClass: { preemptionPolicy: preemption },
  V1SeccompProfile: { type: ['Localhost', 'RuntimeDefault', 'Unconfined'] },
  V1ServicePort: { protocol: protocols },
  V1ServiceSpec: {
    externalTrafficPolicy: traffic,
    internalTrafficPolicy: traffic,
    ipFamilyPolicy: ['PreferDualStack', 'RequireDualStack', 'SingleStack'],
    sessionAffinity: ['ClientIP', 'None'],
    type: ['ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort'],
  },
  V1StatefulSetSpec: { podManagementPolicy: ['OrderedReady', 'Parallel'] },
  V1StatefulSetUpdateStrategy: { type: ['OnDelete', 'RollingUpdate'] },
  V1Taint: { effect: taintEffects },
  V1Toleration: { effect: taintEffects },
  V1TopologySpreadConstraint: {
    nodeAffinityPolicy: honoured,
    nodeTaintsPolicy: honoured,
    whenUnsatisfiable: ['DoNotSchedule', 'ScheduleAnyway'],
  },
}

export function enumOf(type: string, field: string): readonly string[] | undefined {
  return Object.hasOwn(enums, type) ? enums[type]?.[field] : undefined
}

/** Every type and field that has one. */
export const enumFields: readonly (readonly [type: string, field: string])[] = Object.entries(enums).flatMap(([type, fields]) =>
  Object.keys(fields).map((field) => [type, field] as const),
)
