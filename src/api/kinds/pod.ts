import type { V1ContainerStatus, V1PodCondition, V1PodSpec, V1PodStatus, V1PodTemplateSpec } from '@kubernetes/client-node'
import type { KubeObject, Wire } from '../object.ts'
import type { Resource } from '../resource.ts'

export interface Pod extends KubeObject {
  spec: PodSpec
  status?: PodStatus
}

export type PodSpec = Wire<V1PodSpec>
export type PodStatus = Wire<V1PodStatus>
export type PodCondition = Wire<V1PodCondition>
export type PodTemplateSpec = Wire<V1PodTemplateSpec>
export type ContainerStatus = Wire<V1ContainerStatus>

export const Pods: Resource<Pod> = {
  group: '',
  version: 'v1',
  kind: 'Pod',
  plural: 'pods',
  singular: 'pod',
  namespaced: true,
  shortNames: ['po'],
  categories: ['all'],
}
