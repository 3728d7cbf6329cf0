import { isStatus } from '../../../api/errors.ts'
import type { Draft, KubeObject } from '../../../api/object.ts'
import type { Resource } from '../../../api/resource.ts'
import { type ClusterRoleBinding, ClusterRoleBindings } from '../../../api/kinds/cluster-role-binding.ts'
import { type ClusterRole, ClusterRoles } from '../../../api/kinds/cluster-role.ts'
import type { Subject } from '../../../api/kinds/rbac/binding.ts'
import { uncovered } from '../rule-coverage.ts'
import { autoupdate, clusterRole, clusterRoleBinding } from './default-role.ts'
import { portolanRoles, systemBindings, systemRoles } from './system.ts'
import { userFacingRoles } from './user-facing.ts'

/** The part of a client that is needed. */
export interface RoleClient {
  get<T extends KubeObject>(resource: Resource<T>, target: { readonly name: string }): Promise<T>
  create<T extends KubeObject>(resource: Resource<T>, object: Draft<T>): Promise<T>
  update<T extends KubeObject>(resource: Resource<T>, object: T): Promise<T>
}

export const defaultRoles = [...userFacingRoles, ...systemRoles, ...portolanRoles].map(clusterRole)
export const defaultBindings = systemBindings.map(clusterRoleBinding)

/**
 * Makes the roles and bindings that every cluster has, and gives back to those that are there what they lack. What
 * others have added stays, and so does everything of an object whose `autoupdate` annotation is "false".
 */
export async function ensureDefaultRoles(client: RoleClient): Promise<void> {
  // Roles first: a binding to a role that is not there yet would allow nothing.
  await Promise.all(defaultRoles.map((role) => ensure(client, ClusterRoles, role, completedRole)))
  await Promise.all(defaultBindings.map((binding) => ensure(client, ClusterRoleBindings, binding, completedBinding)))
}

async function ensure<T extends KubeObject>(
  client: RoleClient,
  resource: Resource<T>,
  wanted: Draft<T>,
  completed: (present: T, wanted: Draft<T>) => T,
): Promise<void> {
  const { name = '' } = wanted.metadata
  const present = await found(client, resource, name)
  if (present === undefined) {
    await client.create(resource, wanted)
    return
  }
  if (present.metadata.annotations?.[autoupdate] === 'false') return
  const next = withMarks(completed(present, wanted), wanted)
  if (JSON.stringify(next) !== JSON.stringify(present)) await client.update(resource, next)
}

async function found<T extends KubeObject>(
  client: RoleClient,
  resource: Resource<T>,
  name: string,
): Promise<T | undefined> {
  try {
    return await client.get(resource, { name })
  } catch (error) {
    if (isStatus(error, 'NotFound')) return undefined
    throw error
  }
}

/** With the labels and annotations that are wanted, beside any others. */
function withMarks<T extends KubeObject>(object: T, { metadata }: Draft<T>): T {
  const labels = { ...object.metadata.labels, ...metadata.labels }
  const annotations = { ...object.metadata.annotations, ...metadata.annotations }
  return { ...object, metadata: { ...object.metadata, labels, annotations } }
}

function completedRole(present: ClusterRole, wanted: Draft<ClusterRole>): ClusterRole {
  // The rules of an aggregated role are its controller's.
  if (wanted.aggregationRule !== undefined) return { ...present, aggregationRule: wanted.aggregationRule }
  const rules = present.rules ?? []
  const missing = (wanted.rules ?? []).filter((rule) => uncovered(rules, [rule]).length > 0)
  return missing.length === 0 ? present : { ...present, rules: [...rules, ...missing] }
}

function completedBinding(present: ClusterRoleBinding, wanted: Draft<ClusterRoleBinding>): ClusterRoleBinding {
  const subjects = present.subjects ?? []
  const missing = (wanted.subjects ?? []).filter((subject) => !subjects.some((known) => isSame(known, subject)))
  return missing.length === 0 ? present : { ...present, subjects: [...subjects, ...missing] }
}

function isSame(a: Subject, b: Subject): boolean {
  return a.kind === b.kind && a.name === b.name && (a.namespace ?? '') === (b.namespace ?? '')
}
