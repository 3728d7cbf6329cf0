import type { Kind } from '../kind.ts'
import type { KubeObject } from '../object.ts'
import type { Resource } from '../resource.ts'
import { roleColumns } from './rbac/columns.ts'
import { type PolicyRule, validateRules } from './rbac/policy-rule.ts'

/** What may be done in one namespace. */
export interface Role extends KubeObject {
  rules?: PolicyRule[]
}

export const Roles: Resource<Role> = {
  group: 'rbac.authorization.k8s.io',
  version: 'v1',
  kind: 'Role',
  plural: 'roles',
  singular: 'role',
  namespaced: true,
}

export const roleKind: Kind<Role> = {
  resource: Roles,
  schema: 'V1Role',
  nameRule: 'path-segment',
  createsOnUpdate: true,
  hasStatus: false,

  validate: ({ rules = [] }) => validateRules(rules, true),

  columns: roleColumns,
}
