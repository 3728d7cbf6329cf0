import { forbiddenRequest, notFound } from '../../api/errors.ts'
import { semanticallyEqual } from '../../api/equality.ts'
import type { KubeObject } from '../../api/object.ts'
import { ClusterRoleBindings } from '../../api/kinds/cluster-role-binding.ts'
import { type ClusterRole, ClusterRoles } from '../../api/kinds/cluster-role.ts'
import type { PolicyRule } from '../../api/kinds/rbac/policy-rule.ts'
import { type RoleBinding, RoleBindings } from '../../api/kinds/role-binding.ts'
import { type Role, Roles } from '../../api/kinds/role.ts'
import type { AdmissionStep, AdmissionWrite } from '../admission/admission.ts'
import type { Access } from './access.ts'
import { isPrivileged } from './authorizer.ts'
import { joined, rulesFor } from './rbac.ts'
import { uncovered } from './rule-coverage.ts'
import { compactRules, quotedList, ruleText } from './rule-text.ts'

/**
 * Nobody gives away more than he has: a role may hold only rules that its author has himself, unless he may `escalate`,
 * and only such a role may be bound, unless he may `bind` it
 * (https://kubernetes.io/docs/reference/access-authn-authz/rbac/#privilege-escalation-prevention-and-bootstrapping).
 */
export function escalationCheck(access: Access): AdmissionStep {
  return {
    name: 'rbac-escalation',
    admit(write) {
      const { kind, operation, user, subresource } = write
      if (kind.resource.group !== Roles.group || operation === 'delete' || subresource !== undefined) return
      if (isPrivileged(user) || changesNothingGranted(write)) return
      switch (kind.resource.plural) {
        case Roles.plural:
        case ClusterRoles.plural:
          return checkRole(access, write)
        case RoleBindings.plural:
        case ClusterRoleBindings.plural:
          return checkBinding(access, write)
        default:
      }
    },
  }
}

/** Only finalizers and owners change: what garbage collection does to let an object go. */
function changesNothingGranted({ object, previous }: AdmissionWrite): boolean {
  return previous !== undefined && semanticallyEqual(lasting(object), lasting(previous))
}

function lasting({ metadata, ...rest }: KubeObject): unknown {
  const { finalizers: _f, ownerReferences: _o, managedFields: _m, resourceVersion: _r, ...kept } = metadata
  return { ...rest, metadata: kept }
}

function checkRole(access: Access, write: AdmissionWrite): void {
  const { object, previous, operation } = write
  const name = operation === 'create' ? '' : object.metadata.name
  if (may(access, write, { verb: 'escalate', resource: write.kind.resource.plural, name })) return
  checkRules(access, write, (object as Role).rules ?? [])
  if (!isAggregated(object as ClusterRole) && !isAggregated(previous as ClusterRole | undefined)) return
  if (missingOf(access, write, fullAuthority).missing.length === 0) return
  const why = 'must have cluster-admin privileges to use the aggregationRule'
  throw forbiddenRequest(ClusterRoles, object.metadata.name, why)
}

/** An aggregated role can come to hold anything. */
const fullAuthority: readonly PolicyRule[] = [
  { verbs: ['*'], apiGroups: ['*'], resources: ['*'] },
  { verbs: ['*'], nonResourceURLs: ['*'] },
]

function isAggregated(role: ClusterRole | undefined): boolean {
  return (role?.aggregationRule?.clusterRoleSelectors ?? []).length > 0
}

function checkBinding(access: Access, write: AdmissionWrite): void {
  const { roleRef, metadata } = write.object as RoleBinding
  const resource = roleRef.kind === 'Role' ? Roles : roleRef.kind === 'ClusterRole' ? ClusterRoles : undefined
  // Validation says what may be bound.
  if (resource === undefined || (resource === Roles && metadata.namespace === undefined)) return
  if (may(access, write, { verb: 'bind', resource: resource.plural, name: roleRef.name })) return
  const rules = access.rbac.rules(resource === Roles ? 'Role' : 'ClusterRole', metadata.namespace ?? '', roleRef.name)
  if (rules === undefined) throw notFound(resource, roleRef.name)
  checkRules(access, write, rules)
}

function may(
  { authorizer }: Access,
  { user, object, kind }: AdmissionWrite,
  asked: { verb: string; resource: string; name: string },
): boolean {
  const { namespace = '' } = object.metadata
  return authorizer.authorize({ user, group: kind.resource.group, subresource: '', namespace, ...asked }).allowed
}

function checkRules(access: Access, write: AdmissionWrite, rules: readonly PolicyRule[]): void {
  const { missing, problems } = missingOf(access, write, rules)
  if (missing.length === 0) return
  const { user, kind, object } = write
  const texts = [...new Set(compactRules(missing).map(ruleText))].sort()
  const who = `user ${JSON.stringify(user.name)} (groups=${quotedList(user.groups)})`
  const what = `${who} is attempting to grant RBAC permissions not currently held:\n${texts.join('\n')}`
  const doubt = problems.length === 0 ? '' : `; resolution errors: [${joined(problems)}]`
  throw forbiddenRequest(kind.resource, object.metadata.name, what + doubt)
}

function missingOf(access: Access, { user, object }: AdmissionWrite, rules: readonly PolicyRule[]) {
  const owned = rulesFor(user, object.metadata.namespace ?? '', access.rbac)
  return { missing: uncovered(owned.rules, rules), problems: owned.problems }
}
