import type { V1AggregationRule } from '@kubernetes/client-node'
import { invalid, required, type FieldError } from '../field-error.ts'
import type { Kind } from '../kind.ts'
import type { KubeObject, Wire } from '../object.ts'
import type { Resource } from '../resource.ts'
import { validateLabelSelector } from './pod-spec/scheduling.ts'
import { roleColumns } from './rbac/columns.ts'
import { type PolicyRule, validateRules } from './rbac/policy-rule.ts'

/** What may be done in any namespace, or in none. */
export interface ClusterRole extends KubeObject {
  rules?: PolicyRule[]
  /** Which other roles this one is put together from; its own rules are then the controller's to write. */
  aggregationRule?: AggregationRule
}

export type AggregationRule = Wire<V1AggregationRule>

export const ClusterRoles: Resource<ClusterRole> = {
  group: 'rbac.authorization.k8s.io',
  version: 'v1',
  kind: 'ClusterRole',
  plural: 'clusterroles',
  singular: 'clusterrole',
  namespaced: false,
}

export const clusterRoleKind: Kind<ClusterRole> = {
  resource: ClusterRoles,
  schema: 'V1ClusterRole',
  nameRule: 'path-segment',
  createsOnUpdate: true,
  hasStatus: false,

  validate: ({ rules = [], aggregationRule }) => [
    ...validateRules(rules, false),
    ...(aggregationRule === undefined ? [] : validateAggregation(aggregationRule)),
  ],

  columns: roleColumns,
}

function validateAggregation({ clusterRoleSelectors = [] }: AggregationRule): FieldError[] {
  const list = 'aggregationRule.clusterRoleSelectors'
  const problem = 'at least one clusterRoleSelector required if aggregationRule is non-nil'
  if (clusterRoleSelectors.length === 0) return [required(list, problem)]
  return clusterRoleSelectors.flatMap((selector, index) => {
    const path = `${list}[${index}]`
    const errors = validateLabelSelector(selector, path)
    return errors.length === 0 ? [] : [...errors, invalid(path, selector, 'invalid label selector.')]
  })
}
