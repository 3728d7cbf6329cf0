import { EndpointsResource, type Endpoints, type EndpointSubset } from '../api/kinds/endpoints.ts'
import type { Pod } from '../api/kinds/pod.ts'
import type { Service } from '../api/kinds/service.ts'
import { keyOf, splitKey, type ObjectKey } from '../api/object.ts'
import type { Clock } from '../base/clock.ts'
import type { Cache } from '../client/cache.ts'
import type { Client } from '../client/client.ts'
import { from, type Controller } from '../client/controller.ts'
import { endpointSubsets, truncateSubsets } from './endpoint-subsets.ts'
import { unlessNamespaceTerminates } from './namespace-terminating.ts'
import { PendingWrites } from './pending-writes.ts'
import { hasSelector, isHeadless, podsOf, servicesOfChangedPods } from './service-pods.ts'
import { triggerTimeAnnotation, TriggerTimes } from './trigger-times.ts'

export interface EndpointsDeps {
  readonly client: Client
  readonly services: Cache<Service>
  readonly pods: Cache<Pod>
  readonly endpoints: Cache<Endpoints>
  readonly clock: Clock
}

export const endpointsManagedByLabel = 'endpoints.kubernetes.io/managed-by'
export const endpointsManager = 'endpoint-controller'
const headlessLabel = 'service.kubernetes.io/headless'
const overCapacityAnnotation = 'endpoints.kubernetes.io/over-capacity'
const maxAddresses = 1000
const lookAgainMs = 1_000

interface Wanted {
  /** Noted when the object is written. No reason to write it. */
  readonly triggerTime?: string | undefined
  readonly labels: Record<string, string>
  readonly subsets: EndpointSubset[]
  readonly truncated: boolean
}

/** Keeps the legacy Endpoints object of each Service with a selector equal to what its EndpointSlices tell. */
export function endpointsController({ client, services, pods, endpoints, clock }: EndpointsDeps): Controller {
  const writes = new PendingWrites({ cache: endpoints, client, resource: EndpointsResource, clock })
  const triggerTimes = new TriggerTimes()
  const belongs = ({ metadata }: Endpoints) => metadata.labels?.[endpointsManagedByLabel] === endpointsManager

  async function write(key: ObjectKey, wanted: Wanted, signal: AbortSignal): Promise<void> {
    const { namespace, name } = splitKey(key)
    const present = endpoints.get(key)
    if (present === undefined) {
      const metadata = { ...(namespace === undefined ? {} : { namespace }), name, ...metadataFor(wanted, undefined) }
      const draft = { metadata, subsets: wanted.subsets }
      await writes.create(key, () => client.create(EndpointsResource, draft, { signal }))
      return
    }
    if (isAsWanted(present, wanted)) return
    const metadata = { ...present.metadata, ...metadataFor(wanted, present) }
    const next = { ...present, metadata, subsets: wanted.subsets }
    await writes.update(key, present, () => client.update(EndpointsResource, next, { signal }))
  }

  async function remove(key: ObjectKey, signal: AbortSignal): Promise<void> {
    triggerTimes.forget(key)
    const present = endpoints.get(key)
    if (present === undefined) return writes.forget(key)
    const { uid } = present.metadata
    await writes.delete(key, present, () => client.delete(EndpointsResource, splitKey(key), { uid, signal }))
  }

  return {
    name: 'endpoints',
    wakesOn: [
      from(services, (service) => [keyOf(service)]),
      servicesOfChangedPods(pods, services),
      // Only its own: Endpoints written by hand may be there before their Service, and must not be taken for leftovers.
      writes.watching(from(endpoints, (object) => (belongs(object) ? [keyOf(object)] : []))),
    ],
    async reconcile(key, signal) {
      if (!(await writes.settled(key, { belongs, signal }))) return { againInMs: lookAgainMs }
      const service = services.get(key)
      if (service === undefined) return remove(key, signal)
      if (!hasSelector(service) || service.spec.type === 'ExternalName') return
      const selected = podsOf(service, pods)
      const triggerTime = triggerTimes.next(service, selected)
      const wanted = { ...wantedEndpoints(service, selected), triggerTime }
      await unlessNamespaceTerminates(() => write(key, wanted, signal))
    },
  }
}

/** Pure. */
export function wantedEndpoints(service: Service, pods: readonly Pod[]): Wanted {
  const all = endpointSubsets(service, pods)
  const subsets = truncateSubsets(all, maxAddresses)
  const labels = {
    ...service.metadata.labels,
    ...(isHeadless(service) ? { [headlessLabel]: '' } : {}),
    [endpointsManagedByLabel]: endpointsManager,
  }
  return { labels, subsets, truncated: subsets !== all }
}

function metadataFor({ labels, truncated, triggerTime }: Wanted, present: Endpoints | undefined) {
  const { [overCapacityAnnotation]: _, [triggerTimeAnnotation]: __, ...others } = present?.metadata.annotations ?? {}
  return {
    labels,
    annotations: {
      ...others,
      ...(truncated ? { [overCapacityAnnotation]: 'truncated' } : {}),
      ...(triggerTime === undefined ? {} : { [triggerTimeAnnotation]: triggerTime }),
    },
  }
}

function isAsWanted(present: Endpoints, { labels, subsets, truncated }: Wanted): boolean {
  const { metadata } = present
  const marked = metadata.annotations?.[overCapacityAnnotation] !== undefined
  return marked === truncated && text(metadata.labels) === text(labels) && text(present.subsets) === text(subsets)
}

/** JSON with sorted keys and without the defaults that a server may have filled in. */
function text(value: unknown): string {
  return JSON.stringify(value ?? [], (key, item: unknown) => {
    if (key === 'protocol' && item === 'TCP') return undefined
    if (typeof item !== 'object' || item === null || Array.isArray(item)) return item
    return Object.fromEntries(Object.entries(item).sort(([a], [b]) => (a < b ? -1 : 1)))
  })
}
