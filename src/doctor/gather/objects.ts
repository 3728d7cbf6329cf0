import { EndpointSlices } from '../../api/kinds/endpoint-slice.ts'
import { EndpointsResource } from '../../api/kinds/endpoints.ts'
import { Events } from '../../api/kinds/event.ts'
import { Nodes } from '../../api/kinds/node.ts'
import { Pods } from '../../api/kinds/pod.ts'
import { Services } from '../../api/kinds/service.ts'
import type { Client } from '../../client/client.ts'
import type { ClusterFacts } from '../facts.ts'

/** Reasons of Events that rules quote. */
const toldOf = ['Unhealthy', 'SyncLoadBalancerFailed'] as const

/** What the API has; read only. Pods come last, so that endpoints do not name any that are not there yet. */
export async function listObjects(
  client: Client,
): Promise<Pick<ClusterFacts, 'services' | 'pods' | 'nodes' | 'endpoints' | 'slices' | 'events'>> {
  const [services, nodes, endpoints, slices, ...events] = await Promise.all([
    client.list(Services),
    client.list(Nodes),
    client.list(EndpointsResource),
    client.list(EndpointSlices),
    ...toldOf.map((reason) => client.list(Events, { fieldSelector: `reason=${reason}` })),
  ])
  const pods = await client.list(Pods)
  return {
    services: services.items,
    nodes: nodes.items,
    endpoints: endpoints.items,
    slices: slices.items,
    events: events.flatMap(({ items }) => items),
    pods: pods.items,
  }
}
