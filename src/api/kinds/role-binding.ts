import type { Kind } from '../kind.ts'
import type { Resource } from '../resource.ts'
import {
  type Binding,
  bindingColumns,
  setBindingDefaults,
  validateBinding,
  validateBindingUpdate,
} from './rbac/binding.ts'

/** Who has a role, or a cluster's role, in one namespace. */
export type RoleBinding = Binding

export const RoleBindings: Resource<RoleBinding> = {
  group: 'rbac.authorization.k8s.io',
  version: 'v1',
  kind: 'RoleBinding',
  plural: 'rolebindings',
  singular: 'rolebinding',
  namespaced: true,
}

export const roleBindingKind: Kind<RoleBinding> = {
  resource: RoleBindings,
  schema: 'V1RoleBinding',
  nameRule: 'path-segment',
  createsOnUpdate: true,
  hasStatus: false,

  setDefaults: setBindingDefaults,

  validate: (binding) => validateBinding(binding, ['Role', 'ClusterRole']),
  validateUpdate: validateBindingUpdate,

  columns: bindingColumns,
}
