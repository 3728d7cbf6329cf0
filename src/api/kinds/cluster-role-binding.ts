import type { Kind } from '../kind.ts'
import type { Resource } from '../resource.ts'
import {
  type Binding,
  bindingColumns,
  setBindingDefaults,
  validateBinding,
  validateBindingUpdate,
} from './rbac/binding.ts'

/** Who has a role everywhere. */
export type ClusterRoleBinding = Binding

export const ClusterRoleBindings: Resource<ClusterRoleBinding> = {
  group: 'rbac.authorization.k8s.io',
  version: 'v1',
  kind: 'ClusterRoleBinding',
  plural: 'clusterrolebindings',
  singular: 'clusterrolebinding',
  namespaced: false,
}

export const clusterRoleBindingKind: Kind<ClusterRoleBinding> = {
  resource: ClusterRoleBindings,
  schema: 'V1ClusterRoleBinding',
  nameRule: 'path-segment',
  createsOnUpdate: true,
  hasStatus: false,

  setDefaults: setBindingDefaults,

  validate: (binding) => validateBinding(binding, ['ClusterRole']),
  validateUpdate: validateBindingUpdate,

  columns: bindingColumns,
}
