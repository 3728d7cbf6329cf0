import { type ClusterRole, ClusterRoles } from '../api/kinds/cluster-role.ts'
import type { PolicyRule } from '../api/kinds/rbac/policy-rule.ts'
import { keyOf } from '../api/object.ts'
import { selectorFromObject } from '../api/selectors.ts'
import type { Cache } from '../client/cache.ts'
import type { Client } from '../client/client.ts'
import { type Controller, from } from '../client/controller.ts'

export interface ClusterRoleAggregationDeps {
  readonly client: Client
  readonly clusterRoles: Cache<ClusterRole>
}

/** Keeps the rules of every ClusterRole with an `aggregationRule` equal to those of the roles that it selects. */
export function clusterRoleAggregationController({ client, clusterRoles }: ClusterRoleAggregationDeps): Controller {
  const aggregated = () => clusterRoles.list().filter(isAggregated)
  return {
    name: 'clusterrole-aggregation',
    // Any role may belong, or have belonged, to any other; there are few that are put together.
    wakesOn: [from(clusterRoles, (role) => [...new Set([keyOf(role), ...aggregated().map(keyOf)])])],
    // One after another: `admin` is put together from `edit`, which is put together itself.
    workers: 1,
    async reconcile(name, signal) {
      const role = clusterRoles.get(name)
      if (role === undefined || !isAggregated(role)) return
      const rules = aggregatedRules(role, clusterRoles.list())
      if (JSON.stringify(rules) === JSON.stringify(role.rules ?? [])) return
      await client.update(ClusterRoles, { ...role, rules }, { signal })
    },
  }
}

function isAggregated({ aggregationRule }: ClusterRole): boolean {
  return (aggregationRule?.clusterRoleSelectors ?? []).length > 0
}

/** The rules of all other roles that one of the selectors selects, each rule once; in the order of the roles' names. */
export function aggregatedRules(role: ClusterRole, all: readonly ClusterRole[]): PolicyRule[] {
  const selectors = (role.aggregationRule?.clusterRoleSelectors ?? []).map((selector) => selectorFromObject(selector))
  const parts = all
    .filter(({ metadata }) => metadata.name !== role.metadata.name)
    .filter(({ metadata }) => selectors.some(({ matches }) => matches(metadata.labels)))
    .sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1))
  const rules = parts.flatMap((part) => part.rules ?? [])
  return [...new Map(rules.map((rule) => [JSON.stringify(rule), rule])).values()]
}
