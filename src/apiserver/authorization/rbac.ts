import type { PolicyRule } from '../../api/kinds/rbac/policy-rule.ts'
import type { User } from '../request.ts'
import { type Attributes, isResourceRequest } from './attributes.ts'
import type { Authorizer, Decision, Resolution } from './authorizer.ts'
import type { Grant, RbacSnapshot } from './rbac-index.ts'
import { ruleAllows } from './rule-match.ts'

/** Role-based access control over the roles and bindings of a snapshot, which may change between two questions. */
export function rbacAuthorizer(snapshot: RbacSnapshot): Authorizer {
  return {
    authorize: (attributes) => authorize(attributes, snapshot),
    rulesFor: (user, namespace) => rulesFor(user, namespace, snapshot),
  }
}

/** Whether one of the user's bindings, in the request's namespace or for the whole cluster, allows what is asked. */
export function authorize(attributes: Attributes, snapshot: RbacSnapshot): Decision {
  const problems = new Set<string>()
  const namespace = isResourceRequest(attributes) ? attributes.namespace : ''
  for (const scope of scopes(namespace)) {
    for (const grant of grantsIn(scope, attributes.user, snapshot)) {
      const rules = rulesOf(grant, snapshot)
      if (rules === undefined) problems.add(missingRole(grant))
      else if (rules.some((rule) => ruleAllows(rule, attributes))) {
        return { allowed: true, reason: `RBAC: allowed by ${describe(grant)}` }
      }
    }
  }
  return { allowed: false, reason: problems.size === 0 ? '' : `RBAC: ${joined([...problems])}` }
}

/** All rules that hold for the user in the namespace, those of the whole cluster included. */
export function rulesFor(user: User, namespace: string, snapshot: RbacSnapshot): Resolution {
  const rules: PolicyRule[] = []
  const problems = new Set<string>()
  for (const scope of scopes(namespace)) {
    for (const grant of grantsIn(scope, user, snapshot)) {
      const found = rulesOf(grant, snapshot)
      if (found === undefined) problems.add(missingRole(grant))
      else rules.push(...found)
    }
  }
  return { rules, problems: [...problems] }
}

function scopes(namespace: string): readonly string[] {
  return namespace === '' ? [''] : ['', namespace]
}

/** Each binding once, though several of its subjects may be this user. */
function grantsIn(namespace: string, user: User, snapshot: RbacSnapshot): Iterable<Grant> {
  const found = new Map<string, Grant>()
  for (const grant of snapshot.grants(namespace, `user ${user.name}`)) found.set(grant.binding.metadata.name, grant)
  for (const group of user.groups) {
    for (const grant of snapshot.grants(namespace, `group ${group}`)) {
      if (!found.has(grant.binding.metadata.name)) found.set(grant.binding.metadata.name, grant)
    }
  }
  return found.values()
}

function rulesOf({ binding }: Grant, snapshot: RbacSnapshot): readonly PolicyRule[] | undefined {
  const { kind, name } = binding.roleRef
  const { namespace = '' } = binding.metadata
  return kind === 'Role' || kind === 'ClusterRole' ? snapshot.rules(kind, namespace, name) : undefined
}

function missingRole({ binding: { roleRef } }: Grant): string {
  return `${roleRef.kind.toLowerCase()}.rbac.authorization.k8s.io ${JSON.stringify(roleRef.name)} not found`
}

/** `RoleBinding "readers/default" of Role "reader" to User "ada"`. */
function describe({ binding, subject }: Grant): string {
  const { roleRef, metadata } = binding
  const { name, namespace } = metadata
  const kind = namespace === undefined ? 'ClusterRoleBinding' : 'RoleBinding'
  const own = namespace === undefined ? name : `${name}/${namespace}`
  const home = subject.namespace ?? namespace ?? ''
  const who = subject.kind === 'ServiceAccount' ? `${subject.name}/${home}` : subject.name
  return `${kind} ${quoted(own)} of ${roleRef.kind} ${quoted(roleRef.name)} to ${subject.kind} ${quoted(who)}`
}

/** Several errors in one line, as upstream's aggregates print. */
export function joined(problems: readonly string[]): string {
  return problems.length === 1 ? (problems[0] ?? '') : `[${problems.join(', ')}]`
}

function quoted(text: string): string {
  return JSON.stringify(text)
}
