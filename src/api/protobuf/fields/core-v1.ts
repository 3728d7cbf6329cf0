/** The kinds of `k8s.io/api/core/v1` and their parts but for specs of pods. */
import type { FieldNumbers } from '../field-numbers.ts'

export const coreV1Fields: FieldNumbers = {
  CoreV1EndpointPort: '1:name 2:port! 3:protocol 4:appProtocol!',
  CoreV1Event: `
    1:metadata 2:involvedObject 3:reason 4:message 5:source 6:firstTimestamp 7:lastTimestamp 8:count 9:type
    10:eventTime 11:series 12:action 13:related 14:reportingComponent! 15:reportingInstance!`,
  CoreV1EventSeries: '1:count 2:lastObservedTime',
  V1AttachedVolume: '1:name! 2:devicePath!',
  V1Binding: '1:metadata 2:target',
  V1ClientIPConfig: '1:timeoutSeconds!',
  V1ConfigMap: '1:metadata 2:data 3:binaryData 4:immutable!',
  V1ConfigMapNodeConfigSource: '1:namespace! 2:name! 3:uid 4:resourceVersion 5:kubeletConfigKey!',
  V1ContainerExtendedResourceRequest: '1:containerName! 2:resourceName! 3:requestName!',
  V1ContainerImage: '1:names 2:sizeBytes',
  V1ContainerState: '1:waiting 2:running 3:terminated',
  V1ContainerStateRunning: '1:startedAt',
  V1ContainerStateTerminated: '1:exitCode! 2:signal 3:reason 4:message 5:startedAt 6:finishedAt 7:containerID',
  V1ContainerStateWaiting: '1:reason 2:message',
  V1ContainerStatus: `
    1:name! 2:state 3:lastState 4:ready! 5:restartCount! 6:image! 7:imageID! 8:containerID 9:started!
    10:allocatedResources 11:resources 12:volumeMounts 13:user 14:allocatedResourcesStatus 15:stopSignal!`,
  V1ContainerUser: '1:linux',
  V1DaemonEndpoint: '1:Port!',
  V1EndpointAddress: '1:ip! 2:targetRef 3:hostname 4:nodeName!',
  V1EndpointSubset: '1:addresses 2:notReadyAddresses 3:ports',
  V1Endpoints: '1:metadata 2:subsets',
  V1EventSource: '1:component 2:host',
  V1HostIP: '1:ip!',
  V1ImageVolumeStatus: '1:imageRef',
  V1LinuxContainerUser: '1:uid! 2:gid! 3:supplementalGroups',
  V1LoadBalancerIngress: '1:ip 2:hostname 3:ipMode! 4:ports',
  V1LoadBalancerStatus: '1:ingress',
  V1ModifyVolumeStatus: '1:targetVolumeAttributesClassName 2:status!',
  V1Namespace: '1:metadata 2:spec 3:status',
  V1NamespaceCondition: '1:type! 2:status! 4:lastTransitionTime 5:reason 6:message',
  V1NamespaceSpec: '1:finalizers',
  V1NamespaceStatus: '1:phase 2:conditions',
  V1Node: '1:metadata 2:spec 3:status',
  V1NodeAddress: '1:type! 2:address!',
  V1NodeAllocatableResourceClaimStatus: '1:resourceClaimName! 2:containers 3:resources',
  V1NodeCondition: '1:type! 2:status! 3:lastHeartbeatTime 4:lastTransitionTime 5:reason 6:message',
  V1NodeConfigSource: '2:configMap',
  V1NodeConfigStatus: '1:assigned 2:active 3:lastKnownGood 4:error',
  V1NodeDaemonEndpoints: '1:kubeletEndpoint',
  V1NodeFeatures: '1:supplementalGroupsPolicy!',
  V1NodeRuntimeHandler: '1:name! 2:features',
  V1NodeRuntimeHandlerFeatures: '1:recursiveReadOnlyMounts! 2:userNamespaces!',
  V1NodeSpec: '1:podCIDR 2:externalID 3:providerID 4:unschedulable 5:taints 6:configSource 7:podCIDRs',
  V1NodeStatus: `
    1:capacity 2:allocatable 3:phase 4:conditions 5:addresses 6:daemonEndpoints 7:nodeInfo 8:images 9:volumesInUse
    10:volumesAttached 11:config 12:runtimeHandlers 13:features 14:declaredFeatures`,
  V1NodeSwapStatus: '1:capacity!',
  V1NodeSystemInfo: `
    1:machineID! 2:systemUUID! 3:bootID! 4:kernelVersion! 5:osImage! 6:containerRuntimeVersion! 7:kubeletVersion!
    8:kubeProxyVersion! 9:operatingSystem! 10:architecture! 11:swap`,
  V1ObjectReference: '1:kind 2:namespace 3:name 4:uid 5:apiVersion 6:resourceVersion 7:fieldPath',
  V1PersistentVolumeClaim: '1:metadata 2:spec 3:status',
  V1PersistentVolumeClaimCondition: '1:type! 2:status! 3:lastProbeTime 4:lastTransitionTime 5:reason 6:message',
  V1PersistentVolumeClaimStatus: `
    1:phase 2:accessModes 3:capacity 4:conditions 5:allocatedResources 7:allocatedResourceStatuses
    8:currentVolumeAttributesClassName! 9:modifyVolumeStatus`,
  V1Pod: '1:metadata 2:spec 3:status',
  V1PodCondition: '1:type! 2:status! 3:lastProbeTime 4:lastTransitionTime 5:reason 6:message 7:observedGeneration',
  V1PodExtendedResourceClaimStatus: '1:requestMappings 2:resourceClaimName!',
  V1PodIP: '1:ip!',
  V1PodResourceClaimStatus: '1:name! 2:resourceClaimName!',
  V1PodStatus: `
    1:phase 2:conditions 3:message 4:reason 5:hostIP 6:podIP 7:startTime 8:containerStatuses 9:qosClass
    10:initContainerStatuses 11:nominatedNodeName 12:podIPs 13:ephemeralContainerStatuses 14:resize
    15:resourceClaimStatuses 16:hostIPs 17:observedGeneration 18:extendedResourceClaimStatus 19:allocatedResources
    20:resources 21:nodeAllocatableResourceClaimStatuses`,
  V1PodTemplate: '1:metadata 2:template',
  V1PodTemplateSpec: '1:metadata 2:spec',
  V1PortStatus: '1:port! 2:protocol! 3:error!',
  V1ReplicationController: '1:metadata 2:spec 3:status',
  V1ReplicationControllerCondition: '1:type! 2:status! 3:lastTransitionTime 4:reason 5:message',
  V1ReplicationControllerSpec: '1:replicas! 2:selector 3:template 4:minReadySeconds',
  V1ReplicationControllerStatus: `
    1:replicas! 2:fullyLabeledReplicas 3:observedGeneration 4:readyReplicas 5:availableReplicas 6:conditions`,
  V1ResourceHealth: '1:resourceID! 2:health 6:message!',
  V1ResourceStatus: '1:name! 2:resources',
  V1Secret: '1:metadata 2:data 3:type 4:stringData 5:immutable!',
  V1Service: '1:metadata 2:spec 3:status',
  V1ServiceAccount: '1:metadata 2:secrets 3:imagePullSecrets 4:automountServiceAccountToken!',
  V1ServicePort: '1:name 2:protocol 3:port! 4:targetPort 5:nodePort 6:appProtocol!',
  V1ServiceSpec: `
    1:ports 2:selector 3:clusterIP 4:type 5:externalIPs 7:sessionAffinity 8:loadBalancerIP
    9:loadBalancerSourceRanges 10:externalName 11:externalTrafficPolicy 12:healthCheckNodePort
    13:publishNotReadyAddresses 14:sessionAffinityConfig 17:ipFamilyPolicy! 18:clusterIPs 19:ipFamilies
    20:allocateLoadBalancerNodePorts! 21:loadBalancerClass! 22:internalTrafficPolicy! 23:trafficDistribution!`,
  V1ServiceStatus: '1:loadBalancer 2:conditions',
  V1SessionAffinityConfig: '1:clientIP',
  V1Taint: '1:key! 2:value 3:effect! 4:timeAdded',
  V1VolumeMountStatus: '1:name! 2:mountPath! 3:readOnly 4:recursiveReadOnly! 5:volumeStatus',
  V1VolumeStatus: '1:image',
}
