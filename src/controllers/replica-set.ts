import type { Pod } from '../api/kinds/pod.ts'
import { ReplicaSets, type ReplicaSet } from '../api/kinds/replica-set.ts'
import { controllerOf } from '../api/object.ts'
import type { Cache } from '../client/cache.ts'
import type { Controller } from '../client/controller.ts'
import { replicasController, type ReplicasDeps, type ReplicatedKind } from './replicas.ts'
import { selectorOf } from './workload-selector.ts'

export interface ReplicaSetDeps extends ReplicasDeps {
  readonly replicaSets: Cache<ReplicaSet>
}

/** Keeps the pods of ReplicaSets. */
export function replicaSetController({ replicaSets, ...deps }: ReplicaSetDeps): Controller {
  /** The pods of all ReplicaSets of the same Deployment, this one's among them. */
  function related(set: ReplicaSet): readonly Pod[] {
    const controller = controllerOf(set)
    if (controller === undefined) return []
    const { namespace } = set.metadata
    const siblings = replicaSets.list(namespace).filter((other) => controllerOf(other)?.uid === controller.uid)
    const selectors = siblings.map(selectorOf)
    return deps.pods.list(namespace).filter(({ metadata }) => selectors.some(({ matches }) => matches(metadata.labels)))
  }

  const kind: ReplicatedKind<ReplicaSet> = {
    resource: ReplicaSets,
    cache: replicaSets,
    selectorOf,
    related,
    countsTerminating: true,
  }
  return replicasController('replica-set', kind, deps)
}
