import type { Draft } from '../../../api/object.ts'
import type { ClusterRoleBinding } from '../../../api/kinds/cluster-role-binding.ts'
import type { ClusterRole } from '../../../api/kinds/cluster-role.ts'
import type { Subject } from '../../../api/kinds/rbac/binding.ts'
import type { PolicyRule } from '../../../api/kinds/rbac/policy-rule.ts'

/** A ClusterRole that every cluster has. */
export interface DefaultRole {
  readonly name: string
  readonly labels?: Readonly<Record<string, string>>
  readonly rules?: readonly PolicyRule[]
  /** The labels of the roles that it is put together from, in place of rules. */
  readonly aggregates?: Readonly<Record<string, string>>
}

/** A ClusterRoleBinding of the name of the role that it binds, unless told otherwise. */
export interface DefaultBinding {
  readonly name?: string
  readonly role: string
  readonly users?: readonly string[]
  readonly groups?: readonly string[]
}

const group = 'rbac.authorization.k8s.io'
const bootstrapping = { 'kubernetes.io/bootstrapping': 'rbac-defaults' }

/** An administrator who sets it to "false" keeps what he has made of the object. */
export const autoupdate = 'rbac.authorization.kubernetes.io/autoupdate'

export function clusterRole({ name, labels = {}, rules = [], aggregates }: DefaultRole): Draft<ClusterRole> {
  return {
    metadata: { name, labels: { ...bootstrapping, ...labels }, annotations: { [autoupdate]: 'true' } },
    ...(aggregates === undefined
      ? { rules: structuredClone([...rules]) }
      : { aggregationRule: { clusterRoleSelectors: [{ matchLabels: { ...aggregates } }] }, rules: [] }),
  }
}

export function clusterRoleBinding(binding: DefaultBinding): Draft<ClusterRoleBinding> {
  const { role, name = role, users = [], groups = [] } = binding
  const subject = (kind: string) => (of: string): Subject => ({ kind, apiGroup: group, name: of })
  return {
    metadata: { name, labels: { ...bootstrapping }, annotations: { [autoupdate]: 'true' } },
    roleRef: { apiGroup: group, kind: 'ClusterRole', name: role },
    subjects: [...users.map(subject('User')), ...groups.map(subject('Group'))],
  }
}
