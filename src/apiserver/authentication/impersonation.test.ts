import { describe, expect, test } from 'vitest'
import { rbacAuthorizer } from '../authorization/rbac.ts'
import { policy, userNamed } from '../authorization/test-policy.ts'
import { effectiveUser } from './impersonation.ts'

const authorizer = rbacAuthorizer(
  policy({
    roles: {
      all: [{ apiGroups: ['*'], resources: ['*'], verbs: ['*'] }],
      some: [
        { apiGroups: [''], resources: ['users'], resourceNames: ['bob', 'system:anonymous'], verbs: ['impersonate'] },
        { apiGroups: ['authentication.k8s.io'], resources: ['userextras/scopes'], resourceNames: ['view'], verbs: ['impersonate'] },
      ],
      accounts: [{ apiGroups: [''], resources: ['serviceaccounts'], verbs: ['impersonate'] }],
    },
    bindings: [
      { name: 'a', role: 'ClusterRole/all', to: ['User/root'] },
      { name: 'b', role: 'ClusterRole/some', to: ['User/ada'] },
      { name: 'c', namespace: 'team', role: 'ClusterRole/accounts', to: ['User/ada'] },
    ],
  }),
)
const ada = userNamed('ada')
const root = userNamed('root')

describe('one is treated as', () => {
  for (const { name, user = root, headers, becomes } of [
    { name: 'oneself without headers', user: ada, headers: ['Accept', '*/*', 'Impersonate-User', ''], becomes: ada },
    { name: 'a user', user: ada, headers: ['Impersonate-User', 'bob'], becomes: { name: 'bob', groups: ['system:authenticated'] } },
    {
      name: 'a user of groups',
      headers: ['Impersonate-User', 'bob', 'Impersonate-Group', 'a, b', 'impersonate-group', 'c'],
      becomes: { name: 'bob', groups: ['a, b', 'c', 'system:authenticated'] },
    },
    {
      name: 'somebody who has not authenticated',
      user: ada,
      headers: ['Impersonate-User', 'system:anonymous'],
      becomes: { name: 'system:anonymous', groups: ['system:unauthenticated'] },
    },
    {
      name: 'an account of a namespace, with its groups',
      user: ada,
      headers: ['Impersonate-User', 'system:serviceaccount:team:web'],
      becomes: {
        name: 'system:serviceaccount:team:web',
        groups: ['system:serviceaccounts', 'system:serviceaccounts:team', 'system:authenticated'],
      },
    },
    {
      name: 'an account of other groups',
      headers: ['Impersonate-User', 'system:serviceaccount:team:web', 'Impersonate-Group', 'system:unauthenticated'],
      becomes: { name: 'system:serviceaccount:team:web', groups: ['system:unauthenticated'] },
    },
    {
      name: 'a user with all that belongs to him',
      headers: ['Impersonate-User', 'bob', 'Impersonate-Uid', '7', 'Impersonate-Extra-Acme.com%2Fscope', 'view', 'Impersonate-Extra-acme.com%2Fscope', 'edit'],
      becomes: { name: 'bob', uid: '7', groups: ['system:authenticated'], extra: { 'acme.com/scope': ['view', 'edit'] } },
    },
    {
      name: 'a user with the one extra value that is allowed',
      user: ada,
      headers: ['Impersonate-User', 'bob', 'Impersonate-Extra-Scopes', 'view'],
      becomes: { name: 'bob', groups: ['system:authenticated'], extra: { scopes: ['view'] } },
    },
  ]) {
    test(name, () => {
      expect(effectiveUser(user, headers, authorizer)).toEqual(becomes)
    })
  }
})

describe('it is forbidden to be', () => {
  const says = (what: string, resource: string, group = '', where = 'at the cluster scope') =>
    `${what} is forbidden: User "ada" cannot impersonate resource "${resource}" in API group "${group}" ${where}`
  for (const { name, headers, message } of [
    { name: 'another user', headers: ['Impersonate-User', 'eve'], message: says('users "eve"', 'users') },
    {
      name: 'in another group',
      headers: ['Impersonate-User', 'bob', 'Impersonate-Group', 'system:masters'],
      message: says('groups "system:masters"', 'groups'),
    },
    {
      name: 'an account of another namespace',
      headers: ['Impersonate-User', 'system:serviceaccount:default:web'],
      message: says('serviceaccounts "web"', 'serviceaccounts', '', 'in the namespace "default"'),
    },
    {
      name: 'of more than one may',
      headers: ['Impersonate-User', 'bob', 'Impersonate-Extra-Scopes', 'edit'],
      message: says('userextras.authentication.k8s.io "edit"', 'userextras/scopes', 'authentication.k8s.io'),
    },
    {
      name: 'another of the name',
      headers: ['Impersonate-User', 'bob', 'Impersonate-Uid', '7'],
      message: says('uids.authentication.k8s.io "7"', 'uids', 'authentication.k8s.io'),
    },
  ]) {
    test(name, () => {
      expect(() => effectiveUser(ada, headers, authorizer)).toThrow(message)
    })
  }
})

test('groups alone make nobody', () => {
  expect(() => effectiveUser(root, ['Impersonate-Group', 'a'], authorizer)).toThrow(/without impersonating a user/)
})
