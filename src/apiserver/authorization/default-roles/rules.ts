import type { PolicyRule } from '../../../api/kinds/rbac/policy-rule.ts'

export const readVerbs = ['get', 'list', 'watch']
export const writeVerbs = ['create', 'delete', 'deletecollection', 'patch', 'update']

/** `resources` are words separated by white space; the core group unless told otherwise. */
export function onResources(resources: string, verbs: readonly string[], ...groups: readonly string[]): PolicyRule {
  return { apiGroups: groups.length === 0 ? [''] : [...groups], resources: words(resources), verbs: [...verbs] }
}

export function onNames(names: string, resource: string, verbs: readonly string[], group: string): PolicyRule {
  return { ...onResources(resource, verbs, group), resourceNames: words(names) }
}

export function onPaths(paths: string, verbs: readonly string[] = ['get']): PolicyRule {
  return { nonResourceURLs: words(paths), verbs: [...verbs] }
}

function words(text: string): string[] {
  return text.trim().split(/\s+/)
}

/** What every component does that tells of what it does. */
export const writeEvents = onResources('events', ['create', 'patch', 'update'], '', 'events.k8s.io')

/** Asking whether a caller is who he says and may do what he asks. */
export const delegateAccess: readonly PolicyRule[] = [
  onResources('tokenreviews', ['create'], 'authentication.k8s.io'),
  onResources('subjectaccessreviews', ['create'], 'authorization.k8s.io'),
]

/** Leader election with a Lease of a fixed name. */
export function electWith(lease: string): readonly PolicyRule[] {
  return [
    onResources('leases', ['create'], 'coordination.k8s.io'),
    onNames(lease, 'leases', ['get', 'update'], 'coordination.k8s.io'),
  ]
}
