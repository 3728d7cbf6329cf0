import type { PolicyRule } from '../../api/kinds/rbac/policy-rule.ts'
import { pathMatches } from './rule-match.ts'

/** The parts of the wanted rules that no owned rule covers, each as small as can be; empty if all are covered. */
export function uncovered(owned: readonly PolicyRule[], wanted: readonly PolicyRule[]): PolicyRule[] {
  return wanted.flatMap(atoms).filter((atom) => !owned.some((rule) => covers(rule, atom)))
}

/** A rule as rules of one verb, one resource and at most one name, or of one verb and one path. */
function atoms(rule: PolicyRule): PolicyRule[] {
  const { verbs, apiGroups = [], resources = [], resourceNames = [], nonResourceURLs = [] } = rule
  const names = resourceNames.length === 0 ? [{}] : resourceNames.map((name) => ({ resourceNames: [name] }))
  return [
    ...apiGroups.flatMap((group) =>
      resources.flatMap((resource) =>
        verbs.flatMap((verb) =>
          names.map((name) => ({ apiGroups: [group], resources: [resource], verbs: [verb], ...name })),
        ),
      ),
    ),
    ...nonResourceURLs.flatMap((path) => verbs.map((verb) => ({ nonResourceURLs: [path], verbs: [verb] }))),
  ]
}

/** Whether an atom asks for nothing that the rule does not give. A wildcard is covered by a wildcard only. */
function covers(rule: PolicyRule, atom: PolicyRule): boolean {
  const { resources = [], resourceNames = [], nonResourceURLs = [] } = rule
  const [name] = atom.resourceNames ?? []
  return (
    holdsAll(rule.verbs, atom.verbs) &&
    holdsAll(rule.apiGroups, atom.apiGroups) &&
    (atom.resources ?? []).every((resource) => coversResource(resources, resource)) &&
    (resourceNames.length === 0 || (name !== undefined && resourceNames.includes(name))) &&
    (atom.nonResourceURLs ?? []).every((path) => nonResourceURLs.some((pattern) => pathMatches(pattern, path)))
  )
}

function coversResource(resources: readonly string[], resource: string): boolean {
  if (resources.includes('*') || resources.includes(resource)) return true
  const slash = resource.indexOf('/')
  return slash >= 0 && resources.includes(`*${resource.slice(slash)}`)
}

function holdsAll(list: readonly string[] = [], values: readonly string[] = []): boolean {
  return list.includes('*') || values.every((value) => list.includes(value))
}
