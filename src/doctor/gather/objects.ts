import { EndpointSlices } from '../../api/kinds/endpoint-slice.ts'
import { EndpointsResource } from '../../api/kinds/endpoints.ts'
import { Events } from '../../api/kinds/event.ts'
import { IngressClasses } from '../../api/kinds/ingress-class.ts'
import { Ingresses } from '../../api/kinds/ingress.ts'
import { Namespaces, type Namespace } from '../../api/kinds/namespace.ts'
import { Nodes } from '../../api/kinds/node.ts'
import { Pods } from '../../api/kinds/pod.ts'
import { Secrets } from '../../api/kinds/secret.ts'
import { Services } from '../../api/kinds/service.ts'
import type { Client } from '../../client/client.ts'
import type { ClusterFacts } from '../facts.ts'
import type { IngressObjects } from '../ingress/reading.ts'

/** Reasons of Events that rules quote. */
const toldOf = ['Unhealthy', 'SyncLoadBalancerFailed', 'NameNotResolved', 'RequestLoop', 'RefusedByHAProxy', 'ProblemsSolved'] as const

export type Objects = Pick<ClusterFacts, 'services' | 'pods' | 'nodes' | 'endpoints' | 'slices' | 'events'> & IngressObjects & { readonly namespaces: readonly Namespace[] }

/** What the API has; read only. Pods come last, so that endpoints do not name any that are not there yet. */
export async function listObjects(client: Client): Promise<Objects> {
  const [services, nodes, endpoints, slices, ingresses, classes, namespaces, ...events] = await Promise.all([
    client.list(Services),
    client.list(Nodes),
    client.list(EndpointsResource),
    client.list(EndpointSlices),
    client.list(Ingresses),
    client.list(IngressClasses),
    client.list(Namespaces),
    ...toldOf.map((reason) => client.list(Events, { fieldSelector: `reason=${reason}` })),
  ])
  const [pods, secrets] = await Promise.all([
    client.list(Pods),
    // Nothing but Ingresses needs them here.
    ingresses.items.length === 0 ? { items: [] } : client.list(Secrets),
  ])
  return {
    services: services.items,
    nodes: nodes.items,
    endpoints: endpoints.items,
    slices: slices.items,
    ingresses: ingresses.items,
    classes: classes.items,
    namespaces: namespaces.items,
    secrets: secrets.items,
    events: events.flatMap(({ items }) => items),
    pods: pods.items,
  }
}
