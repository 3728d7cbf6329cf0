import type { PolicyRule } from '../../api/kinds/rbac/policy-rule.ts'

const parts = [
  ['apiGroups', 'APIGroups'],
  ['resources', 'Resources'],
  ['nonResourceURLs', 'NonResourceURLs'],
  ['resourceNames', 'ResourceNames'],
  ['verbs', 'Verbs'],
] as const

/** `{APIGroups:[""], Resources:["pods"], Verbs:["get" "list"]}`: a rule in messages, as upstream prints it. */
export function ruleText(rule: PolicyRule): string {
  const filled = parts.flatMap(([field, label]) => {
    const values = rule[field] ?? []
    return values.length === 0 ? [] : [`${label}:${quotedList(values)}`]
  })
  return `{${filled.join(', ')}}`
}

/** `["a" "b"]`, Go's `%q` of a list. */
export function quotedList(values: readonly string[]): string {
  return `[${values.map((value) => JSON.stringify(value)).join(' ')}]`
}

/** Joins rules that differ by their verb alone and name one resource and no object, to be read by people. */
export function compactRules(rules: readonly PolicyRule[]): PolicyRule[] {
  const simple = new Map<string, PolicyRule>()
  const others: PolicyRule[] = []
  for (const rule of rules) {
    const { apiGroups = [], resources = [], resourceNames = [], nonResourceURLs = [] } = rule
    if (apiGroups.length !== 1 || resources.length !== 1 || resourceNames.length > 0 || nonResourceURLs.length > 0) {
      others.push(rule)
      continue
    }
    const key = `${apiGroups[0]}/${resources[0]}`
    const known = simple.get(key)
    simple.set(key, { apiGroups, resources, verbs: [...(known?.verbs ?? []), ...rule.verbs] })
  }
  return [...others, ...simple.values()]
}
