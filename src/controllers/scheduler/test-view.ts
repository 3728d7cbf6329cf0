/** A cluster of given objects, for tests of what decides by one. */
import { Namespaces } from '../../api/kinds/namespace.ts'
import type { Namespace } from '../../api/kinds/namespace.ts'
import type { Node } from '../../api/kinds/node.ts'
import type { Pod } from '../../api/kinds/pod.ts'
import type { Service } from '../../api/kinds/service.ts'
import type { KubeObject } from '../../api/object.ts'
import { apiVersionOf } from '../../api/resource.ts'
import { silentLog } from '../../base/log.ts'
import type { Cache } from '../../client/cache.ts'
import { LiveCache } from '../../client/live-cache.ts'
import { changesToList } from '../../client/object-index.ts'
import { ClusterState } from './cluster-state.ts'

export interface TestObjects {
  readonly nodes?: readonly Node[]
  readonly pods?: readonly Pod[]
  readonly services?: readonly Service[]
  readonly namespaces?: readonly Namespace[]
}

export function stateOf({ nodes = [], pods = [], services = [], namespaces = [] }: TestObjects): ClusterState {
  const state = new ClusterState({ namespaces: cacheOf(namespaces), services: cacheOf(services) })
  for (const node of nodes) state.followNode(undefined, node)
  for (const pod of pods) state.followPod(undefined, pod)
  return state
}

export function namespace(name: string, labels: Record<string, string> = {}): Namespace {
  const metadata = { name, labels, uid: name, resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z' }
  return { apiVersion: apiVersionOf(Namespaces), kind: Namespaces.kind, metadata }
}

function cacheOf<T extends KubeObject>(objects: readonly T[]): Cache<T> {
  const cache = new LiveCache<T>(silentLog)
  cache.apply(changesToList(cache.index, objects))
  return cache
}
