import { ReplicationControllers, type ReplicationController } from '../api/kinds/replication-controller.ts'
import { nothing, selectorFromMap, type LabelSelector } from '../api/selectors.ts'
import type { Cache } from '../client/cache.ts'
import type { Controller } from '../client/controller.ts'
import { replicasController, type ReplicasDeps, type ReplicatedKind } from './replicas.ts'

export interface ReplicationDeps extends ReplicasDeps {
  readonly replicationControllers: Cache<ReplicationController>
}

/** Keeps the pods of ReplicationControllers. */
export function replicationController({ replicationControllers, ...deps }: ReplicationDeps): Controller {
  const kind: ReplicatedKind<ReplicationController> = {
    resource: ReplicationControllers,
    cache: replicationControllers,
    selectorOf,
    related: () => [],
    countsTerminating: false,
  }
  return replicasController('replication', kind, deps)
}

/** An absent selector is defaulted by the server; one that is empty all the same must not match every pod. */
function selectorOf({ spec }: ReplicationController): LabelSelector {
  const selector = spec.selector ?? spec.template?.metadata?.labels ?? {}
  return Object.keys(selector).length === 0 ? nothing : selectorFromMap(selector)
}
