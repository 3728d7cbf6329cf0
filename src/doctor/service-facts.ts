import { serviceNameLabel } from '../api/kinds/endpoint-slice.ts'
import type { Service } from '../api/kinds/service.ts'
import { hasSelector } from '../api/no-endpoints/index.ts'
import { selectorFromMap } from '../api/selectors.ts'
import type { ClusterFacts, ServiceFacts } from './facts.ts'

/** What of the cluster concerns one Service. Pure. */
export function factsOf(service: Service, cluster: ClusterFacts): ServiceFacts {
  const { namespace, name } = service.metadata
  const selector = selectorFromMap(service.spec.selector)
  const inNamespace = <T extends { metadata: { namespace?: string } }>(objects: readonly T[]) =>
    objects.filter(({ metadata }) => metadata.namespace === namespace)
  return {
    service,
    selected: hasSelector(service)
      ? inNamespace(cluster.pods)
          .filter(({ metadata }) => selector.matches(metadata.labels))
          .sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1))
      : [],
    endpoints: inNamespace(cluster.endpoints).find(({ metadata }) => metadata.name === name),
    slices: inNamespace(cluster.slices).filter(({ metadata }) => metadata.labels?.[serviceNameLabel] === name),
    cluster,
  }
}
