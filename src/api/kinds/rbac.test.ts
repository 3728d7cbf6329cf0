/** Role, ClusterRole and their bindings. */
import { describe, expect, test } from 'vitest'
import { clusterRoleBindingKind } from './cluster-role-binding.ts'
import { clusterRoleKind } from './cluster-role.ts'
import { created, createProblems, row, updateProblems } from './kind-trial.ts'
import { roleBindingKind } from './role-binding.ts'
import { roleKind } from './role.ts'

const reads = { apiGroups: [''], resources: ['pods'], verbs: ['get', 'list'] }
const version = { nonResourceURLs: ['/version'], verbs: ['get'] }

describe('roles', () => {
  const cases: { name: string; rules: object[]; inNamespace: unknown[]; inCluster?: unknown[] }[] = [
    { name: 'that do nothing', rules: [], inNamespace: [] },
    { name: 'that read', rules: [reads, { ...reads, resourceNames: ['kubia'] }], inNamespace: [] },
    {
      name: 'that say nothing',
      rules: [reads, {}],
      inNamespace: [
        'rules[1].verbs: Required value: verbs must contain at least one value',
        'rules[1].apiGroups: Required value: resource rules must supply at least one api group',
        'rules[1].resources: Required value: resource rules must supply at least one resource',
      ],
    },
    {
      name: 'that name objects of many kinds',
      rules: [{ ...reads, resources: ['pods', 'services'], resourceNames: ['kubia'] }],
      inNamespace: ['rules[0].resourceNames: Required value: resource names cannot apply to multiple resources'],
    },
    {
      name: 'of URLs',
      rules: [version],
      inNamespace: [
        'rules[0].nonResourceURLs: Invalid value: ["/version"]: namespaced rules cannot apply to non-resource URLs',
      ],
      inCluster: [],
    },
    {
      name: 'of URLs and objects at once',
      rules: [{ ...reads, ...version }],
      inNamespace: [
        'rules[0].nonResourceURLs: Invalid value: ["/version"]: namespaced rules cannot apply to non-resource URLs',
        'rules[0].nonResourceURLs: Invalid value: ["/version"]: rules cannot apply to both regular resources and non-resource URLs',
      ],
      inCluster: [
        'rules[0].nonResourceURLs: Invalid value: ["/version"]: rules cannot apply to both regular resources and non-resource URLs',
      ],
    },
  ]
  for (const { name, rules, inNamespace, inCluster = inNamespace } of cases) {
    test(name, () => {
      expect(createProblems(roleKind, { rules })).toEqual(inNamespace)
      expect(createProblems(clusterRoleKind, { rules })).toEqual(inCluster)
    })
  }

  test('that are put together from others say from which', () => {
    const aggregation = (...clusterRoleSelectors: object[]) => ({ aggregationRule: { clusterRoleSelectors } })
    expect(createProblems(clusterRoleKind, aggregation({ matchLabels: { a: 'b' } }))).toEqual([])
    expect(createProblems(clusterRoleKind, aggregation())).toEqual([
      'aggregationRule.clusterRoleSelectors: Required value: at least one clusterRoleSelector required if aggregationRule is non-nil',
    ])
    expect(createProblems(clusterRoleKind, aggregation({ matchExpressions: [{ key: 'a', operator: 'Is' }] }))).toEqual([
      'aggregationRule.clusterRoleSelectors[0].matchExpressions[0].operator: Invalid value: "Is": not a valid selector operator',
      expect.stringMatching(/^aggregationRule.clusterRoleSelectors\[0\]: Invalid value: .*: invalid label selector\.$/),
    ])
  })

  test('have a row with the time in full', () => {
    const cells = { Name: 'web', 'Created At': '2026-01-01T00:00:00Z' }
    expect(row(roleKind, created(roleKind, {}))).toEqual(cells)
    expect(row(clusterRoleKind, created(clusterRoleKind, {}))).toEqual(cells)
  })
})

describe('bindings', () => {
  const rbac = 'rbac.authorization.k8s.io'
  const roleRef = { kind: 'ClusterRole', name: 'view' }
  const account = { kind: 'ServiceAccount', name: 'default' }
  const binding = (...subjects: object[]) => ({ roleRef, subjects })

  const cases: { name: string; draft: object; inNamespace: unknown[]; inCluster?: unknown[] }[] = [
    { name: 'of nobody', draft: { roleRef }, inNamespace: [] },
    { name: 'of people', draft: binding({ kind: 'User', name: 'ann' }, { kind: 'Group', name: 'dev' }), inNamespace: [] },
    {
      name: 'of an account of no namespace',
      draft: binding(account),
      inNamespace: [],
      inCluster: ['subjects[0].namespace: Required value'],
    },
    {
      name: 'of nothing',
      draft: {},
      inNamespace: [
        'roleRef.kind: Unsupported value: "": supported values: "Role", "ClusterRole"',
        'roleRef.name: Required value',
      ],
      inCluster: [
        'roleRef.kind: Unsupported value: "": supported values: "ClusterRole"',
        'roleRef.name: Required value',
      ],
    },
    {
      name: 'of a role in a namespace',
      draft: { roleRef: { kind: 'Role', name: 'view' } },
      inNamespace: [],
      inCluster: ['roleRef.kind: Unsupported value: "Role": supported values: "ClusterRole"'],
    },
    {
      name: 'of a role that cannot be',
      draft: { roleRef: { apiGroup: 'apps', kind: 'ClusterRole', name: 'a/b' } },
      inNamespace: [
        `roleRef.apiGroup: Unsupported value: "apps": supported values: "${rbac}"`,
        `roleRef.name: Invalid value: "a/b": may not contain '/'`,
      ],
    },
    {
      name: 'of people without names, of other groups',
      draft: binding({ kind: 'User', apiGroup: 'a' }, { kind: 'Robot', name: 'r' }),
      inNamespace: [
        'subjects[0].name: Required value',
        'subjects[0].name: Invalid value: "": user name cannot be empty',
        `subjects[0].apiGroup: Unsupported value: "a": supported values: "${rbac}"`,
        'subjects[1].kind: Unsupported value: "Robot": supported values: "ServiceAccount", "User", "Group"',
      ],
    },
    {
      name: 'of an account that cannot be',
      draft: binding({ kind: 'ServiceAccount', name: 'A', namespace: 'default', apiGroup: rbac }),
      inNamespace: [
        expect.stringMatching(/^subjects\[0\].name: Invalid value: "A": a lowercase RFC 1123 subdomain/),
        `subjects[0].apiGroup: Unsupported value: "${rbac}": supported values: ""`,
      ],
    },
  ]
  for (const { name, draft, inNamespace, inCluster = inNamespace } of cases) {
    test(name, () => {
      expect(createProblems(roleBindingKind, draft)).toEqual(inNamespace)
      expect(createProblems(clusterRoleBindingKind, draft)).toEqual(inCluster)
    })
  }

  test('are of the group that goes without saying', () => {
    const { roleRef: role, subjects } = created(roleBindingKind, binding({ kind: 'User', name: 'ann' }, account))
    expect(role.apiGroup).toBe(rbac)
    expect(subjects).toEqual([{ kind: 'User', name: 'ann', apiGroup: rbac }, account])
  })

  test('keep their role', () => {
    const previous = created(roleBindingKind, binding())
    expect(updateProblems(roleBindingKind, previous, binding(account))).toEqual([])
    expect(updateProblems(roleBindingKind, previous, { roleRef: { kind: 'ClusterRole', name: 'edit' } })).toEqual([
      `roleRef: Invalid value: {"kind":"ClusterRole","name":"edit","apiGroup":"${rbac}"}: cannot change roleRef`,
    ])
  })

  test('have a row', () => {
    const subjects = [
      { kind: 'User', name: 'ann' },
      { kind: 'User', name: 'bob' },
      { kind: 'Group', name: 'dev' },
      { ...account, namespace: 'kube-system' },
    ]
    const cells = [
      ['Name', 'web'],
      ['Role', 'ClusterRole/view'],
      ['Age', '60s'],
      ['Users', 'ann, bob'],
      ['Groups', 'dev'],
      ['ServiceAccounts', 'kube-system/default'],
    ]
    expect(Object.entries(row(roleBindingKind, created(roleBindingKind, binding(...subjects))))).toEqual(cells)
    expect(Object.entries(row(clusterRoleBindingKind, created(clusterRoleBindingKind, binding(...subjects))))).toEqual(cells)
  })
})
