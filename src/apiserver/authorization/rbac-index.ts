import { keyOf, objectKey, type ObjectKey } from '../../api/object.ts'
import type { ClusterRoleBinding } from '../../api/kinds/cluster-role-binding.ts'
import type { ClusterRole } from '../../api/kinds/cluster-role.ts'
import type { Subject } from '../../api/kinds/rbac/binding.ts'
import type { PolicyRule } from '../../api/kinds/rbac/policy-rule.ts'
import type { RoleBinding } from '../../api/kinds/role-binding.ts'
import type { Role } from '../../api/kinds/role.ts'
import { serviceAccountUser } from '../authentication/service-account-user.ts'

/** A binding through one of its subjects. */
export interface Grant {
  readonly binding: RoleBinding | ClusterRoleBinding
  readonly subject: Subject
}

/** Roles and bindings as `rbac.ts` asks for them. `namespace` is '' for what holds in the whole cluster. */
export interface RbacSnapshot {
  /** Undefined if there is no such role. A role without rules has none. */
  rules(kind: 'Role' | 'ClusterRole', namespace: string, name: string): readonly PolicyRule[] | undefined
  /** The bindings in a namespace with a subject that is this user or group. */
  grants(namespace: string, subject: SubjectKey): Iterable<Grant>
}

/** A user or a group; a ServiceAccount is the user of its name. */
export type SubjectKey = `user ${string}` | `group ${string}`

/** The stored roles and bindings, found by whom they are for: a decision costs what the user's own bindings cost. */
export class RbacIndex implements RbacSnapshot {
  readonly #roles = new Map<ObjectKey, Role>()
  readonly #clusterRoles = new Map<ObjectKey, ClusterRole>()
  /** By namespace and subject, then by the binding's name. */
  readonly #grants = new Map<string, Map<string, Grant>>()

  rules(kind: 'Role' | 'ClusterRole', namespace: string, name: string): readonly PolicyRule[] | undefined {
    const role = kind === 'Role' ? this.#roles.get(objectKey(namespace, name)) : this.#clusterRoles.get(name)
    return role === undefined ? undefined : (role.rules ?? [])
  }

  grants(namespace: string, subject: SubjectKey): Iterable<Grant> {
    return this.#grants.get(placeOf(namespace, subject))?.values() ?? []
  }

  observeRole(previous: Role | undefined, next: Role | undefined): void {
    replace(this.#roles, previous, next)
  }

  observeClusterRole(previous: ClusterRole | undefined, next: ClusterRole | undefined): void {
    replace(this.#clusterRoles, previous, next)
  }

  /** A ClusterRoleBinding is a binding without a namespace. */
  observeBinding(previous: RoleBinding | undefined, next: RoleBinding | undefined): void {
    if (previous !== undefined) {
      for (const { place } of placesOf(previous)) this.#remove(place, previous.metadata.name)
    }
    if (next === undefined) return
    for (const { place, subject } of placesOf(next)) {
      const grants = this.#grants.get(place) ?? new Map<string, Grant>()
      if (!grants.has(next.metadata.name)) grants.set(next.metadata.name, { binding: next, subject })
      this.#grants.set(place, grants)
    }
  }

  #remove(place: string, name: string): void {
    const grants = this.#grants.get(place)
    grants?.delete(name)
    if (grants?.size === 0) this.#grants.delete(place)
  }
}

function replace<T extends Role>(roles: Map<ObjectKey, T>, previous: T | undefined, next: T | undefined): void {
  if (next !== undefined) roles.set(keyOf(next), next)
  else if (previous !== undefined) roles.delete(keyOf(previous))
}

function placesOf(binding: RoleBinding): { place: string; subject: Subject }[] {
  const { namespace = '' } = binding.metadata
  return (binding.subjects ?? []).flatMap((subject) => {
    const key = subjectKey(subject, namespace)
    return key === undefined ? [] : [{ place: placeOf(namespace, key), subject }]
  })
}

/** Names of namespaces hold no space. */
function placeOf(namespace: string, subject: SubjectKey): string {
  return `${namespace} ${subject}`
}

/** A ServiceAccount without a namespace is meant to be one of the binding's own. */
function subjectKey({ kind, name, namespace: own = '' }: Subject, namespace: string): SubjectKey | undefined {
  switch (kind) {
    case 'User':
      return `user ${name}`
    case 'Group':
      return `group ${name}`
    case 'ServiceAccount': {
      const home = own === '' ? namespace : own
      return home === '' ? undefined : `user ${serviceAccountUser(home, name)}`
    }
    default:
      return undefined
  }
}
