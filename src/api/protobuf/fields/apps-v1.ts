/** `k8s.io/api/apps/v1`, and `Scale` of `k8s.io/api/autoscaling/v1`. */
import type { FieldNumbers } from '../field-numbers.ts'

export const appsV1Fields: FieldNumbers = {
  V1ControllerRevision: '1:metadata 2:data 3:revision!',
  V1DaemonSet: '1:metadata 2:spec 3:status',
  V1DaemonSetCondition: '1:type! 2:status! 3:lastTransitionTime 4:reason 5:message',
  V1DaemonSetSpec: '1:selector 2:template 3:updateStrategy 4:minReadySeconds 6:revisionHistoryLimit!',
  V1DaemonSetStatus: `
    1:currentNumberScheduled! 2:numberMisscheduled! 3:desiredNumberScheduled! 4:numberReady! 5:observedGeneration
    6:updatedNumberScheduled 7:numberAvailable 8:numberUnavailable 9:collisionCount! 10:conditions`,
  V1DaemonSetUpdateStrategy: '1:type 2:rollingUpdate',
  V1Deployment: '1:metadata 2:spec 3:status',
  V1DeploymentCondition: '1:type! 2:status! 4:reason 5:message 6:lastUpdateTime 7:lastTransitionTime',
  V1DeploymentSpec: `
    1:replicas! 2:selector 3:template 4:strategy 5:minReadySeconds 6:revisionHistoryLimit! 7:paused
    9:progressDeadlineSeconds!`,
  V1DeploymentStatus: `
    1:observedGeneration 2:replicas 3:updatedReplicas 4:availableReplicas 5:unavailableReplicas 6:conditions
    7:readyReplicas 8:collisionCount! 9:terminatingReplicas!`,
  V1DeploymentStrategy: '1:type 2:rollingUpdate',
  V1ReplicaSet: '1:metadata 2:spec 3:status',
  V1ReplicaSetCondition: '1:type! 2:status! 3:lastTransitionTime 4:reason 5:message',
  V1ReplicaSetSpec: '1:replicas! 2:selector 3:template 4:minReadySeconds',
  V1ReplicaSetStatus: `
    1:replicas! 2:fullyLabeledReplicas 3:observedGeneration 4:readyReplicas 5:availableReplicas 6:conditions
    7:terminatingReplicas!`,
  V1RollingUpdateDaemonSet: '1:maxUnavailable 2:maxSurge',
  V1RollingUpdateDeployment: '1:maxUnavailable 2:maxSurge',
  V1RollingUpdateStatefulSetStrategy: '1:partition! 2:maxUnavailable',
  V1Scale: '1:metadata 2:spec 3:status',
  V1ScaleSpec: '1:replicas',
  V1ScaleStatus: '1:replicas! 2:selector',
  V1StatefulSet: '1:metadata 2:spec 3:status',
  V1StatefulSetCondition: '1:type! 2:status! 3:lastTransitionTime 4:reason 5:message',
  V1StatefulSetOrdinals: '1:start!',
  V1StatefulSetPersistentVolumeClaimRetentionPolicy: '1:whenDeleted 2:whenScaled',
  V1StatefulSetSpec: `
    1:replicas! 2:selector 3:template 4:volumeClaimTemplates 5:serviceName! 6:podManagementPolicy 7:updateStrategy
    8:revisionHistoryLimit! 9:minReadySeconds 10:persistentVolumeClaimRetentionPolicy 11:ordinals`,
  V1StatefulSetStatus: `
    1:observedGeneration 2:replicas! 3:readyReplicas 4:currentReplicas 5:updatedReplicas 6:currentRevision
    7:updateRevision 9:collisionCount! 10:conditions 11:availableReplicas!`,
  V1StatefulSetUpdateStrategy: '1:type 2:rollingUpdate',
}
