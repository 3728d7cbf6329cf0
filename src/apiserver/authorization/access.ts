import { Pods } from '../../api/kinds/pod.ts'
import { ClusterRoleBindings } from '../../api/kinds/cluster-role-binding.ts'
import { ClusterRoles } from '../../api/kinds/cluster-role.ts'
import { RoleBindings } from '../../api/kinds/role-binding.ts'
import { Roles } from '../../api/kinds/role.ts'
import type { ObjectStore } from '../objects.ts'
import { followStored } from '../stored-objects-feed.ts'
import { anyOf, type Authorizer, privileged } from './authorizer.ts'
import { nodeAuthorizer } from './node-authorizer.ts'
import { NodeGraph } from './node-graph.ts'
import { rbacAuthorizer } from './rbac.ts'
import { RbacIndex, type RbacSnapshot } from './rbac-index.ts'

/** Who may do what, by what is stored. */
export interface Access {
  readonly authorizer: Authorizer
  readonly rbac: RbacSnapshot
}

/** Follows the stored roles, bindings and pods until the signal aborts. Resolves when those that are there are in. */
export async function followAccess(objects: ObjectStore, signal: AbortSignal): Promise<Access> {
  const rbac = new RbacIndex()
  const graph = new NodeGraph()
  await Promise.all([
    followStored(objects, Roles, (previous, next) => rbac.observeRole(previous, next), signal),
    followStored(objects, ClusterRoles, (previous, next) => rbac.observeClusterRole(previous, next), signal),
    followStored(objects, RoleBindings, (previous, next) => rbac.observeBinding(previous, next), signal),
    followStored(objects, ClusterRoleBindings, (previous, next) => rbac.observeBinding(previous, next), signal),
    followStored(objects, Pods, (previous, next) => graph.observe(previous, next), signal),
  ])
  return { authorizer: anyOf([privileged, nodeAuthorizer(graph), rbacAuthorizer(rbac)]), rbac }
}
