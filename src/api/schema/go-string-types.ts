/**
 * Fields whose type upstream is a named string, which Go's decoder then names in its errors: `cannot unmarshal number
 * into Go struct field ServicePort.spec.ports.protocol of type v1.Protocol`. Those that people write in manifests.
 */
const fieldsByType: Readonly<Record<string, readonly string[]>> = {
  'types.UID': ['ObjectMeta.uid', 'OwnerReference.uid', 'ObjectReference.uid', 'Preconditions.uid'],
  'v1.AddressType': ['EndpointSlice.addressType'],
  'v1.Capability': ['Capabilities.add', 'Capabilities.drop'],
  'v1.DNSPolicy': ['PodSpec.dnsPolicy'],
  'v1.DeletionPropagation': ['DeleteOptions.propagationPolicy'],
  'v1.DeploymentStrategyType': ['DeploymentStrategy.type'],
  'v1.HostPathType': ['HostPathVolumeSource.type'],
  'v1.IPFamily': ['ServiceSpec.ipFamilies'],
  'v1.IPFamilyPolicy': ['ServiceSpec.ipFamilyPolicy'],
  'v1.LabelSelectorOperator': ['LabelSelectorRequirement.operator'],
  'v1.MountPropagationMode': ['VolumeMount.mountPropagation'],
  'v1.PathType': ['HTTPIngressPath.pathType'],
  'v1.PodManagementPolicyType': ['StatefulSetSpec.podManagementPolicy'],
  'v1.PreemptionPolicy': ['PodSpec.preemptionPolicy', 'PriorityClass.preemptionPolicy'],
  'v1.Protocol': [
    'ContainerPort.protocol',
    'EndpointPort.protocol',
    'IngressPortStatus.protocol',
    'PortStatus.protocol',
    'ServicePort.protocol',
  ],
  'v1.PullPolicy': ['Container.imagePullPolicy', 'EphemeralContainer.imagePullPolicy'],
  'v1.RestartPolicy': ['PodSpec.restartPolicy'],
  'v1.SecretType': ['Secret.type'],
  'v1.ServiceAffinity': ['ServiceSpec.sessionAffinity'],
  'v1.ServiceExternalTrafficPolicy': ['ServiceSpec.externalTrafficPolicy'],
  'v1.ServiceInternalTrafficPolicy': ['ServiceSpec.internalTrafficPolicy'],
  'v1.ServiceType': ['ServiceSpec.type'],
  'v1.StorageMedium': ['EmptyDirVolumeSource.medium'],
  'v1.TaintEffect': ['Taint.effect', 'Toleration.effect'],
  'v1.TerminationMessagePolicy': ['Container.terminationMessagePolicy'],
  'v1.TolerationOperator': ['Toleration.operator'],
  'v1.URIScheme': ['HTTPGetAction.scheme'],
  'v1.UnsatisfiableConstraintAction': ['TopologySpreadConstraint.whenUnsatisfiable'],
}

const typesByField = new Map(
  Object.entries(fieldsByType).flatMap(([type, fields]) => fields.map((field) => [field, type] as const)),
)

/** The Go type of a string field, or of the items of a list of strings; `owner` is `ServicePort`. */
export function goStringType(owner: string, field: string): string {
  return typesByField.get(`${owner}.${field}`) ?? 'string'
}
