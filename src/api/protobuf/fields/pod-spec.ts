/** Specs of pods but for their volumes, of `k8s.io/api/core/v1`. */
import type { FieldNumbers } from '../field-numbers.ts'

export const podSpecFields: FieldNumbers = {
  CoreV1ResourceClaim: '1:name! 2:request',
  V1Affinity: '1:nodeAffinity 2:podAffinity 3:podAntiAffinity',
  V1AppArmorProfile: '1:type! 2:localhostProfile!',
  V1Capabilities: '1:add 2:drop',
  V1ConfigMapEnvSource: '1(1:name) 2:optional!',
  V1ConfigMapKeySelector: '1(1:name) 2:key! 3:optional!',
  V1Container: `
    1:name! 2:image 3:command 4:args 5:workingDir 6:ports 7:env 8:resources 9:volumeMounts 10:livenessProbe
    11:readinessProbe 12:lifecycle 13:terminationMessagePath 14:imagePullPolicy 15:securityContext 16:stdin
    17:stdinOnce 18:tty 19:envFrom 20:terminationMessagePolicy 21:volumeDevices 22:startupProbe 23:resizePolicy
    24:restartPolicy! 25:restartPolicyRules`,
  V1ContainerPort: '1:name 2:hostPort 3:containerPort! 4:protocol 5:hostIP',
  V1ContainerResizePolicy: '1:resourceName! 2:restartPolicy!',
  V1ContainerRestartRule: '1:action 2:exitCodes',
  V1ContainerRestartRuleOnExitCodes: '1:operator 2:values',
  V1EnvFromSource: '1:prefix 2:configMapRef 3:secretRef',
  V1EnvVar: '1:name! 2:value 3:valueFrom',
  V1EnvVarSource: '1:fieldRef 2:resourceFieldRef 3:configMapKeyRef 4:secretKeyRef 5:fileKeyRef',
  V1EphemeralContainer: `
    1(1:name! 2:image 3:command 4:args 5:workingDir 6:ports 7:env 8:resources 9:volumeMounts 10:livenessProbe
    11:readinessProbe 12:lifecycle 13:terminationMessagePath 14:imagePullPolicy 15:securityContext 16:stdin
    17:stdinOnce 18:tty 19:envFrom 20:terminationMessagePolicy 21:volumeDevices 22:startupProbe 23:resizePolicy
    24:restartPolicy! 25:restartPolicyRules) 2:targetContainerName`,
  V1ExecAction: '1:command',
  V1FileKeySelector: '1:volumeName! 2:path! 3:key! 4:optional!',
  V1GRPCAction: '1:port! 2:service!',
  V1HTTPGetAction: '1:path 2:port 3:host 4:scheme 5:httpHeaders',
  V1HTTPHeader: '1:name! 2:value!',
  V1HostAlias: '1:ip! 2:hostnames',
  V1Lifecycle: '1:postStart 2:preStop 3:stopSignal!',
  V1LifecycleHandler: '1:exec 2:httpGet 3:tcpSocket 4:sleep',
  V1NodeAffinity: '1:requiredDuringSchedulingIgnoredDuringExecution 2:preferredDuringSchedulingIgnoredDuringExecution',
  V1NodeSelector: '1:nodeSelectorTerms',
  V1NodeSelectorRequirement: '1:key! 2:operator! 3:values',
  V1NodeSelectorTerm: '1:matchExpressions 2:matchFields',
  V1PodAffinity: '1:requiredDuringSchedulingIgnoredDuringExecution 2:preferredDuringSchedulingIgnoredDuringExecution',
  V1PodAffinityTerm: `
    1:labelSelector 2:namespaces 3:topologyKey! 4:namespaceSelector 5:matchLabelKeys 6:mismatchLabelKeys`,
  V1PodAntiAffinity: `
    1:requiredDuringSchedulingIgnoredDuringExecution 2:preferredDuringSchedulingIgnoredDuringExecution`,
  V1PodDNSConfig: '1:nameservers 2:searches 3:options',
  V1PodDNSConfigOption: '1:name 2:value!',
  V1PodOS: '1:name!',
  V1PodReadinessGate: '1:conditionType!',
  V1PodResourceClaim: '1:name! 3:resourceClaimName! 4:resourceClaimTemplateName!',
  V1PodSchedulingGate: '1:name!',
  V1PodSchedulingGroup: '1:podGroupName!',
  V1PodSecurityContext: `
    1:seLinuxOptions 2:runAsUser! 3:runAsNonRoot! 4:supplementalGroups 5:fsGroup! 6:runAsGroup! 7:sysctls
    8:windowsOptions 9:fsGroupChangePolicy! 10:seccompProfile 11:appArmorProfile 12:supplementalGroupsPolicy!
    13:seLinuxChangePolicy!`,
  V1PodSpec: `
    1:volumes 2:containers 3:restartPolicy 4:terminationGracePeriodSeconds! 5:activeDeadlineSeconds! 6:dnsPolicy
    7:nodeSelector 8:serviceAccountName 9:serviceAccount 10:nodeName 11:hostNetwork 12:hostPID 13:hostIPC
    14:securityContext 15:imagePullSecrets 16:hostname 17:subdomain 18:affinity 19:schedulerName 20:initContainers
    21:automountServiceAccountToken! 22:tolerations 23:hostAliases 24:priorityClassName 25:priority! 26:dnsConfig
    27:shareProcessNamespace! 28:readinessGates 29:runtimeClassName! 30:enableServiceLinks! 31:preemptionPolicy!
    32:overhead 33:topologySpreadConstraints 34:ephemeralContainers 35:setHostnameAsFQDN! 36:os 37:hostUsers!
    38:schedulingGates 39:resourceClaims 40:resources 41:hostnameOverride! 43:schedulingGroup`,
  V1PreferredSchedulingTerm: '1:weight! 2:preference',
  V1Probe: `
    1(1:exec 2:httpGet 3:tcpSocket 4:grpc) 2:initialDelaySeconds 3:timeoutSeconds 4:periodSeconds 5:successThreshold
    6:failureThreshold 7:terminationGracePeriodSeconds!`,
  V1ResourceRequirements: '1:limits 2:requests 3:claims',
  V1SELinuxOptions: '1:user 2:role 3:type 4:level',
  V1SeccompProfile: '1:type! 2:localhostProfile!',
  V1SecretEnvSource: '1(1:name) 2:optional!',
  V1SecretKeySelector: '1(1:name) 2:key! 3:optional!',
  V1SecurityContext: `
    1:capabilities 2:privileged! 3:seLinuxOptions 4:runAsUser! 5:runAsNonRoot! 6:readOnlyRootFilesystem!
    7:allowPrivilegeEscalation! 8:runAsGroup! 9:procMount! 10:windowsOptions 11:seccompProfile 12:appArmorProfile`,
  V1SleepAction: '1:seconds!',
  V1Sysctl: '1:name! 2:value!',
  V1TCPSocketAction: '1:port 2:host',
  V1Toleration: '1:key 2:operator 3:value 4:effect 5:tolerationSeconds!',
  V1TopologySpreadConstraint: `
    1:maxSkew! 2:topologyKey! 3:whenUnsatisfiable! 4:labelSelector 5:minDomains! 6:nodeAffinityPolicy!
    7:nodeTaintsPolicy! 8:matchLabelKeys`,
  V1VolumeDevice: '1:name! 2:devicePath!',
  V1VolumeMount: '1:name! 2:readOnly 3:mountPath! 4:subPath 5:mountPropagation! 6:subPathExpr 7:recursiveReadOnly!',
  V1WeightedPodAffinityTerm: '1:weight! 2:podAffinityTerm',
  V1WindowsSecurityContextOptions: '1:gmsaCredentialSpecName! 2:gmsaCredentialSpec! 3:runAsUserName! 4:hostProcess!',
}
