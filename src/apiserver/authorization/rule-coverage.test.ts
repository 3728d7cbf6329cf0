import { describe, expect, test } from 'vitest'
import type { PolicyRule } from '../../api/kinds/rbac/policy-rule.ts'
import { uncovered } from './rule-coverage.ts'
import { compactRules, ruleText } from './rule-text.ts'

const rule = (resources: string, verbs: string, more: Partial<PolicyRule> = {}): PolicyRule => ({
  apiGroups: [''],
  resources: resources.split(' '),
  verbs: verbs.split(' '),
  ...more,
})
const paths = (urls: string, verbs = 'get'): PolicyRule => ({ nonResourceURLs: urls.split(' '), verbs: verbs.split(' ') })

describe('what is not covered', () => {
  for (const { name, owned, wanted, missing = [] } of [
    { name: 'nothing of less', owned: [rule('pods services', 'get list')], wanted: [rule('pods', 'get')] },
    { name: 'nothing that two rules give together', owned: [rule('pods', 'get'), rule('pods', 'list')], wanted: [rule('pods', 'get list')] },
    {
      name: 'each verb and resource that is more',
      owned: [rule('pods', 'get')],
      wanted: [rule('pods secrets', 'get delete')],
      missing: ['{APIGroups:[""], Resources:["pods"], Verbs:["delete"]}', '{APIGroups:[""], Resources:["secrets"], Verbs:["get" "delete"]}'],
    },
    { name: 'nothing of all', owned: [rule('*', '*', { apiGroups: ['*'] })], wanted: [rule('pods/exec', 'create', { apiGroups: ['x'] })] },
    {
      name: 'a wildcard, however much is owned',
      owned: [rule('pods', 'get list watch create')],
      wanted: [rule('pods', '*')],
      missing: ['{APIGroups:[""], Resources:["pods"], Verbs:["*"]}'],
    },
    { name: 'nothing of a subresource', owned: [rule('*/scale', 'get')], wanted: [rule('deployments/scale', 'get')] },
    {
      name: 'the whole where a name is owned',
      owned: [rule('pods', 'get', { resourceNames: ['web'] })],
      wanted: [rule('pods', 'get'), rule('pods', 'get', { resourceNames: ['web', 'db'] })],
      missing: [
        '{APIGroups:[""], Resources:["pods"], ResourceNames:["db"], Verbs:["get"]}',
        '{APIGroups:[""], Resources:["pods"], Verbs:["get"]}',
      ],
    },
    { name: 'nothing of paths within a pattern', owned: [paths('/api/*')], wanted: [paths('/api/v1 /api/v1/*')] },
    { name: 'a path beside it', owned: [paths('/api/*')], wanted: [paths('/metrics')], missing: ['{NonResourceURLs:["/metrics"], Verbs:["get"]}'] },
  ]) {
    test(name, () => {
      expect(compactRules(uncovered(owned, wanted)).map(ruleText)).toEqual(missing)
    })
  }
})
