import type { PolicyRule } from '../../api/kinds/rbac/policy-rule.ts'
import type { Attributes, NonResourceAttributes, ResourceAttributes } from './attributes.ts'
import { isResourceRequest } from './attributes.ts'

/** Whether a rule allows what is asked for (https://kubernetes.io/docs/reference/access-authn-authz/rbac/). */
export function ruleAllows(rule: PolicyRule, attributes: Attributes): boolean {
  if (!holds(rule.verbs, attributes.verb)) return false
  return isResourceRequest(attributes) ? allowsResource(rule, attributes) : allowsPath(rule, attributes)
}

function allowsResource(rule: PolicyRule, { group, resource, subresource, name }: ResourceAttributes): boolean {
  if (!holds(rule.apiGroups, group)) return false
  const { resources = [], resourceNames = [] } = rule
  const asked = subresource === '' ? resource : `${resource}/${subresource}`
  if (!holds(resources, asked) && (subresource === '' || !resources.includes(`*/${subresource}`))) return false
  return resourceNames.length === 0 || resourceNames.includes(name)
}

function allowsPath({ nonResourceURLs = [] }: PolicyRule, { path }: NonResourceAttributes): boolean {
  return nonResourceURLs.some((pattern) => pathMatches(pattern, path))
}

/** Whether a path, or a pattern of paths, lies within a pattern: a `*` at the end stands for anything. */
export function pathMatches(pattern: string, path: string): boolean {
  if (pattern === path) return true
  return pattern.endsWith('*') && path.startsWith(pattern.replace(/\*+$/, ''))
}

function holds(list: readonly string[] | undefined, value: string): boolean {
  return list !== undefined && (list.includes(value) || list.includes('*'))
}
