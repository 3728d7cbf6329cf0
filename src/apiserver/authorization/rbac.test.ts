import { describe, expect, test } from 'vitest'
import type { PolicyRule } from '../../api/kinds/rbac/policy-rule.ts'
import type { Attributes, ResourceAttributes } from './attributes.ts'
import { resourceAttributes } from './attributes.ts'
import { forbidden } from './forbidden.ts'
import { authorize, rulesFor } from './rbac.ts'
import { ruleAllows } from './rule-match.ts'
import { policy, readPods, userNamed } from './test-policy.ts'

const ada = userNamed('ada', 'team')

function asks(verb: string, resource: string, more: Partial<ResourceAttributes> = {}): ResourceAttributes {
  return { user: ada, verb, group: '', resource, subresource: '', namespace: 'default', name: '', ...more }
}

const web: PolicyRule = { apiGroups: [''], resources: ['pods'], resourceNames: ['web'], verbs: ['get', 'delete'] }
const scales: PolicyRule = { apiGroups: ['apps'], resources: ['*/scale'], verbs: ['update'] }
const logs: PolicyRule = { apiGroups: [''], resources: ['pods/log'], verbs: ['get'] }
const all: PolicyRule = { apiGroups: ['*'], resources: ['*'], verbs: ['*'] }
const metrics: PolicyRule = { nonResourceURLs: ['/metrics', '/logs/*'], verbs: ['get'] }

describe('a rule', () => {
  for (const { rule, attributes, allows } of [
    { rule: readPods, attributes: asks('list', 'pods'), allows: true },
    { rule: readPods, attributes: asks('delete', 'pods'), allows: false },
    { rule: readPods, attributes: asks('list', 'services'), allows: false },
    { rule: readPods, attributes: asks('list', 'pods', { group: 'metrics.k8s.io' }), allows: false },
    { rule: readPods, attributes: asks('get', 'pods', { subresource: 'log' }), allows: false },
    { rule: logs, attributes: asks('get', 'pods', { subresource: 'log' }), allows: true },
    { rule: logs, attributes: asks('get', 'pods'), allows: false },
    { rule: scales, attributes: asks('update', 'deployments', { group: 'apps', subresource: 'scale' }), allows: true },
    { rule: scales, attributes: asks('update', 'deployments', { group: 'apps' }), allows: false },
    { rule: scales, attributes: asks('update', 'deployments', { group: 'apps', subresource: 'status' }), allows: false },
    { rule: web, attributes: asks('get', 'pods', { name: 'web' }), allows: true },
    { rule: web, attributes: asks('get', 'pods', { name: 'db' }), allows: false },
    // A name is not known when an object is created or a collection deleted.
    { rule: web, attributes: asks('delete', 'pods'), allows: false },
    { rule: all, attributes: asks('impersonate', 'users', { name: 'eve' }), allows: true },
    { rule: all, attributes: { user: ada, verb: 'get', path: '/metrics' }, allows: false },
    { rule: metrics, attributes: { user: ada, verb: 'get', path: '/metrics' }, allows: true },
    { rule: metrics, attributes: { user: ada, verb: 'get', path: '/metrics/slis' }, allows: false },
    { rule: metrics, attributes: { user: ada, verb: 'get', path: '/logs/a/b' }, allows: true },
    { rule: metrics, attributes: { user: ada, verb: 'post', path: '/metrics' }, allows: false },
    { rule: metrics, attributes: asks('get', 'pods'), allows: false },
  ] as { rule: PolicyRule; attributes: Attributes; allows: boolean }[]) {
    const { user: _, ...asked } = attributes
    test(`${JSON.stringify(rule)} ${allows ? 'allows' : 'does not allow'} ${JSON.stringify(asked)}`, () => {
      expect(ruleAllows(rule, attributes)).toBe(allows)
    })
  }
})

describe('a binding', () => {
  const roles = { reader: [readPods], 'default/reader': [readPods] }
  for (const { name, binding, user = ada, namespace = 'default', allowed, reason } of [
    {
      name: 'of a ClusterRole to a user holds everywhere',
      binding: { name: 'b', role: 'ClusterRole/reader', to: ['User/ada'] },
      namespace: 'other',
      allowed: true,
      reason: 'RBAC: allowed by ClusterRoleBinding "b" of ClusterRole "reader" to User "ada"',
    },
    {
      name: 'of a group holds for its members',
      binding: { name: 'b', role: 'ClusterRole/reader', to: ['User/eve', 'Group/team'] },
      allowed: true,
      reason: 'RBAC: allowed by ClusterRoleBinding "b" of ClusterRole "reader" to Group "team"',
    },
    { name: 'of others does not', binding: { name: 'b', role: 'ClusterRole/reader', to: ['User/eve', 'Group/ada'] }, allowed: false, reason: '' },
    {
      name: 'in a namespace holds there',
      binding: { name: 'b', namespace: 'default', role: 'Role/reader', to: ['User/ada'] },
      allowed: true,
      reason: 'RBAC: allowed by RoleBinding "b/default" of Role "reader" to User "ada"',
    },
    {
      name: 'in a namespace of a ClusterRole holds there',
      binding: { name: 'b', namespace: 'default', role: 'ClusterRole/reader', to: ['User/ada'] },
      allowed: true,
      reason: 'RBAC: allowed by RoleBinding "b/default" of ClusterRole "reader" to User "ada"',
    },
    {
      name: 'in another namespace does not',
      binding: { name: 'b', namespace: 'other', role: 'ClusterRole/reader', to: ['User/ada'] },
      allowed: false,
      reason: '',
    },
    {
      name: 'in a namespace does not hold for the cluster',
      binding: { name: 'b', namespace: 'default', role: 'ClusterRole/reader', to: ['User/ada'] },
      namespace: '',
      allowed: false,
      reason: '',
    },
    {
      name: 'of a ServiceAccount holds for its user',
      binding: { name: 'b', role: 'ClusterRole/reader', to: ['ServiceAccount/team/web'] },
      user: userNamed('system:serviceaccount:team:web'),
      allowed: true,
      reason: 'RBAC: allowed by ClusterRoleBinding "b" of ClusterRole "reader" to ServiceAccount "web/team"',
    },
    {
      name: 'of a ServiceAccount without a namespace means one of its own',
      binding: { name: 'b', namespace: 'default', role: 'Role/reader', to: ['ServiceAccount/web'] },
      user: userNamed('system:serviceaccount:default:web'),
      allowed: true,
      reason: 'RBAC: allowed by RoleBinding "b/default" of Role "reader" to ServiceAccount "web/default"',
    },
    {
      name: 'of a role that there is not says so',
      binding: { name: 'b', role: 'ClusterRole/writer', to: ['User/ada'] },
      allowed: false,
      reason: 'RBAC: clusterrole.rbac.authorization.k8s.io "writer" not found',
    },
  ]) {
    test(name, () => {
      const snapshot = policy({ roles, bindings: [binding] })
      expect(authorize(asks('list', 'pods', { user, namespace }), snapshot)).toEqual({ allowed, reason })
    })
  }

  test('that is changed or removed holds no longer', () => {
    const snapshot = policy({ roles, bindings: [{ name: 'b', role: 'ClusterRole/reader', to: ['User/ada'] }] })
    const [grant] = snapshot.grants('', 'user ada')
    const binding = grant?.binding
    if (binding === undefined) throw new Error('the binding is not there')
    const given = { ...binding, subjects: [{ kind: 'User', name: 'eve' }] }
    snapshot.observeBinding(binding, given)
    expect(authorize(asks('list', 'pods'), snapshot).allowed).toBe(false)
    expect(authorize(asks('list', 'pods', { user: userNamed('eve') }), snapshot).allowed).toBe(true)
    snapshot.observeBinding(given, undefined)
    expect(authorize(asks('list', 'pods', { user: userNamed('eve') }), snapshot).allowed).toBe(false)
  })

  test('of several names is one grant', () => {
    const snapshot = policy({ roles, bindings: [{ name: 'b', role: 'ClusterRole/reader', to: ['User/ada', 'Group/team'] }] })
    expect(rulesFor(ada, 'default', snapshot)).toEqual({ rules: [readPods], problems: [] })
  })
})

test('all rules of a user in a namespace, and what could not be found', () => {
  const snapshot = policy({
    roles: { reader: [readPods], 'default/logger': [logs], 'other/logger': [web] },
    bindings: [
      { name: 'a', role: 'ClusterRole/reader', to: ['Group/team'] },
      { name: 'b', namespace: 'default', role: 'Role/logger', to: ['User/ada'] },
      { name: 'c', namespace: 'other', role: 'Role/logger', to: ['User/ada'] },
      { name: 'd', namespace: 'default', role: 'Role/none', to: ['User/ada'] },
    ],
  })
  expect(rulesFor(ada, 'default', snapshot)).toEqual({
    rules: [readPods, logs],
    problems: ['role.rbac.authorization.k8s.io "none" not found'],
  })
})

describe('a request asks for', () => {
  const path = { group: '', plural: 'pods', subresource: undefined, namespace: 'default', name: undefined }
  for (const { name, verb, query, at = path, holds } of [
    { name: 'the object that a field selector names', verb: 'list', query: 'fieldSelector=metadata.name%3Dweb', holds: { name: 'web' } },
    { name: 'no object if the selector excludes it', verb: 'watch', query: 'fieldSelector=metadata.name!%3Dweb', holds: { name: '' } },
    {
      name: 'a Namespace in itself',
      verb: 'get',
      query: '',
      at: { ...path, plural: 'namespaces', namespace: undefined, name: 'team' },
      holds: { namespace: 'team', name: 'team' },
    },
  ]) {
    test(name, () => {
      expect(resourceAttributes({ user: ada, query: new URLSearchParams(query) }, verb, at)).toMatchObject(holds)
    })
  }
})

describe('a refusal reads', () => {
  for (const { attributes, reason = '', message, details } of [
    {
      attributes: asks('list', 'pods'),
      message: 'pods is forbidden: User "ada" cannot list resource "pods" in API group "" in the namespace "default"',
      details: { kind: 'pods' },
    },
    {
      attributes: asks('get', 'pods', { name: 'web', subresource: 'log' }),
      message: 'pods "web" is forbidden: User "ada" cannot get resource "pods/log" in API group "" in the namespace "default"',
      details: { name: 'web', kind: 'pods' },
    },
    {
      attributes: asks('delete', 'clusterroles', { group: 'rbac.authorization.k8s.io', namespace: '', name: 'x' }),
      message:
        'clusterroles.rbac.authorization.k8s.io "x" is forbidden: User "ada" cannot delete resource "clusterroles" in API group "rbac.authorization.k8s.io" at the cluster scope',
      details: { name: 'x', group: 'rbac.authorization.k8s.io', kind: 'clusterroles' },
    },
    {
      attributes: asks('get', 'secrets', { name: 'db' }),
      reason: "no relationship found between node 'node-1' and this object",
      message:
        'secrets "db" is forbidden: User "ada" cannot get resource "secrets" in API group "" in the namespace "default": no relationship found between node \'node-1\' and this object',
      details: { name: 'db', kind: 'secrets' },
    },
    { attributes: { user: ada, verb: 'get', path: '/metrics' }, message: 'forbidden: User "ada" cannot get path "/metrics"', details: {} },
    {
      attributes: { user: userNamed('<b>"&'), verb: 'get', path: '/<i>' },
      message: 'forbidden: User "&lt;b&gt;\\"&amp;" cannot get path "/&lt;i&gt;"',
      details: {},
    },
  ] as { attributes: Attributes; reason?: string; message: string; details: object }[]) {
    test(message, () => {
      expect(forbidden(attributes, reason).status).toMatchObject({ code: 403, reason: 'Forbidden', message, details })
    })
  }
})
