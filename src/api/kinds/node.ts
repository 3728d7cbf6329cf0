import type { V1NodeCondition, V1NodeSpec, V1NodeStatus } from '@kubernetes/client-node'
import type { KubeObject, Wire } from '../object.ts'
import type { Resource } from '../resource.ts'

export interface Node extends KubeObject {
  spec: NodeSpec
  status?: NodeStatus
}

export type NodeSpec = Wire<V1NodeSpec>
export type NodeStatus = Wire<V1NodeStatus>
export type NodeCondition = Wire<V1NodeCondition>

export const Nodes: Resource<Node> = {
  group: '',
  version: 'v1',
  kind: 'Node',
  plural: 'nodes',
  singular: 'node',
  namespaced: false,
  shortNames: ['no'],
}
