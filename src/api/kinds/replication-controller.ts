import type {
  V1ReplicationControllerCondition,
  V1ReplicationControllerSpec,
  V1ReplicationControllerStatus,
} from '@kubernetes/client-node'
import type { KubeObject, Wire } from '../object.ts'
import type { Resource } from '../resource.ts'

export interface ReplicationController extends KubeObject {
  spec: ReplicationControllerSpec
  status?: ReplicationControllerStatus
}

export type ReplicationControllerSpec = Wire<V1ReplicationControllerSpec>
export type ReplicationControllerStatus = Wire<V1ReplicationControllerStatus>
export type ReplicationControllerCondition = Wire<V1ReplicationControllerCondition>

export const ReplicationControllers: Resource<ReplicationController> = {
  group: '',
  version: 'v1',
  kind: 'ReplicationController',
  plural: 'replicationcontrollers',
  singular: 'replicationcontroller',
  namespaced: true,
  shortNames: ['rc'],
  categories: ['all'],
}
