/** What RoleBindings and ClusterRoleBindings have in common: a role, and who has it. */
import type { RbacV1Subject, V1RoleRef } from '@kubernetes/client-node'
import { ageColumn, nameColumn } from '../../columns.ts'
import { semanticallyEqual } from '../../equality.ts'
import { invalid, notSupported, required, type FieldError } from '../../field-error.ts'
import type { Column } from '../../kind.ts'
import { isPathSegmentName } from '../../names.ts'
import type { KubeObject, Wire } from '../../object.ts'
import type { Unchecked } from '../../unchecked.ts'
import { checked, validateSubdomain } from '../values.ts'

export type RoleRef = Wire<V1RoleRef>
export type Subject = Wire<RbacV1Subject>

export interface Binding extends KubeObject {
  subjects?: Subject[]
  roleRef: RoleRef
}

export const rbacGroup = 'rbac.authorization.k8s.io'

/** Accounts are of the core group, users and groups of no other than RBAC's. */
export function setBindingDefaults(binding: Binding): void {
  const { subjects = [], roleRef = {} }: Unchecked<Binding> = binding
  if ((roleRef.apiGroup ?? '') === '') roleRef.apiGroup = rbacGroup
  binding.roleRef = roleRef as RoleRef
  for (const subject of subjects) {
    const isPerson = subject.kind === 'User' || subject.kind === 'Group'
    if (isPerson && (subject.apiGroup ?? '') === '') subject.apiGroup = rbacGroup
  }
}

/** `roleKinds` are those that may be bound. */
export function validateBinding(binding: Unchecked<Binding>, roleKinds: readonly string[]): FieldError[] {
  const namespaced = roleKinds.includes('Role')
  const { roleRef = {}, subjects = [] } = binding
  const { apiGroup = '', kind = '', name = '' } = roleRef
  return [
    ...(apiGroup === rbacGroup ? [] : [notSupported('roleRef.apiGroup', apiGroup, [rbacGroup])]),
    ...(roleKinds.includes(kind) ? [] : [notSupported('roleRef.kind', kind, roleKinds)]),
    ...(name === '' ? [required('roleRef.name')] : checked(name, 'roleRef.name', isPathSegmentName)),
    ...subjects.flatMap((subject, index) => validateSubject(subject, namespaced, `subjects[${index}]`)),
  ]
}

/** The role stays, as whoever may change who has a role may not thereby give another one. */
export function validateBindingUpdate(next: Binding, previous: Binding): FieldError[] {
  if (semanticallyEqual(next.roleRef, previous.roleRef)) return []
  return [invalid('roleRef', next.roleRef, 'cannot change roleRef')]
}

function validateSubject(subject: Unchecked<Subject>, namespaced: boolean, path: string): FieldError[] {
  const { kind = '', name = '' } = subject
  return [
    ...(name === '' ? [required(`${path}.name`)] : []),
    ...(kind === 'ServiceAccount' ? validateAccount(subject, namespaced, path) : validatePerson(subject, path)),
  ]
}

function validateAccount(subject: Unchecked<Subject>, namespaced: boolean, path: string): FieldError[] {
  const { name = '', apiGroup = '', namespace = '' } = subject
  return [
    ...(name === '' ? [] : validateSubdomain(name, `${path}.name`)),
    ...(apiGroup === '' ? [] : [notSupported(`${path}.apiGroup`, apiGroup, [''])]),
    ...(namespaced || namespace !== '' ? [] : [required(`${path}.namespace`)]),
  ]
}

function validatePerson({ kind = '', name = '', apiGroup = '' }: Unchecked<Subject>, path: string): FieldError[] {
  if (kind !== 'User' && kind !== 'Group') {
    return [notSupported(`${path}.kind`, kind, ['ServiceAccount', 'User', 'Group'])]
  }
  const nameless = `${kind.toLowerCase()} name cannot be empty`
  return [
    ...(name === '' ? [invalid(`${path}.name`, name, nameless)] : []),
    ...(apiGroup === rbacGroup ? [] : [notSupported(`${path}.apiGroup`, apiGroup, [rbacGroup])]),
  ]
}

export const bindingColumns: readonly Column<Binding>[] = [
  nameColumn,
  {
    name: 'Role',
    type: 'string',
    description: 'The role that is given.',
    priority: 0,
    cell: ({ roleRef }) => `${roleRef.kind}/${roleRef.name}`,
  },
  ageColumn,
  {
    name: 'Users',
    type: 'string',
    description: 'Users that have it.',
    priority: 1,
    cell: (binding) => names(binding, 'User'),
  },
  {
    name: 'Groups',
    type: 'string',
    description: 'Groups whose users have it.',
    priority: 1,
    cell: (binding) => names(binding, 'Group'),
  },
  {
    name: 'ServiceAccounts',
    type: 'string',
    description: 'Accounts that have it, each with its namespace.',
    priority: 1,
    cell: (binding) => names(binding, 'ServiceAccount'),
  },
]

function names({ subjects = [] }: Binding, kind: string): string {
  return subjects
    .filter((subject) => subject.kind === kind)
    .map(({ name, namespace = '' }) => (kind === 'ServiceAccount' ? `${namespace}/${name}` : name))
    .join(', ')
}
