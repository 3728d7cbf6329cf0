import type { V1PolicyRule } from '@kubernetes/client-node'
import { invalid, required, type FieldError } from '../../field-error.ts'
import type { Wire } from '../../object.ts'
import type { Unchecked } from '../../unchecked.ts'

/** Verbs on resources, or on URLs that are none. */
export type PolicyRule = Wire<V1PolicyRule>

/** What is in a namespace can have nothing to say about URLs, which are in none. */
export function validateRules(rules: readonly Unchecked<PolicyRule>[], namespaced: boolean): FieldError[] {
  return rules.flatMap((rule, index) => validateRule(rule, namespaced, `rules[${index}]`))
}

function validateRule(rule: Unchecked<PolicyRule>, namespaced: boolean, path: string): FieldError[] {
  const { verbs = [], nonResourceURLs = [] } = rule
  return [
    ...(verbs.length === 0 ? [required(`${path}.verbs`, 'verbs must contain at least one value')] : []),
    ...(nonResourceURLs.length > 0
      ? validateUrls(rule, namespaced, `${path}.nonResourceURLs`)
      : validateResources(rule, path)),
  ]
}

function validateUrls(rule: Unchecked<PolicyRule>, namespaced: boolean, path: string): FieldError[] {
  const { apiGroups = [], resources = [], resourceNames = [], nonResourceURLs } = rule
  const hasResources = apiGroups.length + resources.length + resourceNames.length > 0
  const both = 'rules cannot apply to both regular resources and non-resource URLs'
  return [
    ...(namespaced ? [invalid(path, nonResourceURLs, 'namespaced rules cannot apply to non-resource URLs')] : []),
    ...(hasResources ? [invalid(path, nonResourceURLs, both)] : []),
  ]
}

function validateResources(rule: Unchecked<PolicyRule>, path: string): FieldError[] {
  const { apiGroups = [], resources = [], resourceNames = [] } = rule
  const isAmbiguous = resourceNames.length > 0 && resources.length > 1
  return [
    ...(apiGroups.length === 0
      ? [required(`${path}.apiGroups`, 'resource rules must supply at least one api group')]
      : []),
    ...(resources.length === 0
      ? [required(`${path}.resources`, 'resource rules must supply at least one resource')]
      : []),
    ...(isAmbiguous
      ? [required(`${path}.resourceNames`, 'resource names cannot apply to multiple resources')]
      : []),
  ]
}
