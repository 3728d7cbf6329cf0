import { balancedAddresses, cleanupFinalizer, isBalanced, type ServedClasses } from '../api/kinds/load-balancer.ts'
import { Services, type Service } from '../api/kinds/service.ts'
import { keyOf } from '../api/object.ts'
import type { AddressRange } from '../base/ip.ts'
import type { Cache } from '../client/cache.ts'
import type { Client } from '../client/client.ts'
import { from, type Controller, type Source } from '../client/controller.ts'
import type { EventRecorder } from '../client/event-recorder.ts'
import { guardedPatch } from './guarded-patch.ts'
import { chooseAddress, portsOf, sharingKey, type Holder } from './load-balancer-pool.ts'

export interface LoadBalancerAddressesDeps {
  readonly client: Client
  readonly services: Cache<Service>
  readonly events: EventRecorder
  readonly pool: AddressRange
  readonly classes: ServedClasses
}

/**
 * Gives Services of type LoadBalancer their addresses. Their status is the record of who has which, so that a restart
 * changes nothing. Events, and the finalizer that lasts as long as the address may be in use, are those of upstream's
 * service controller.
 */
export function loadBalancerAddressController(deps: LoadBalancerAddressesDeps): Controller {
  const { client, services, events, classes } = deps
  /** Addresses given to Services, by uid, until the cache shows them. */
  const given = new Map<string, string>()
  /** Why a Service has none, by uid: to be said once. */
  const told = new Map<string, string>()

  function holdersBut({ metadata }: Service): readonly Holder[] {
    return services.list().flatMap((service) => {
      const { uid } = service.metadata
      const shown = balancedAddresses(service)
      if (shown.length > 0 || service.spec.type !== 'LoadBalancer') given.delete(uid)
      const addresses = shown.length > 0 ? shown : [given.get(uid) ?? '']
      return uid === metadata.uid ? [] : addresses.filter((address) => address !== '').map((address) => ({ service, address }))
    })
  }

  async function assign(service: Service, address: string, signal: AbortSignal): Promise<void> {
    const { uid } = service.metadata
    events.event(service, 'Normal', { reason: 'EnsuringLoadBalancer', message: 'Ensuring load balancer' })
    const kept = await addFinalizer(client, service, signal)
    given.set(uid, address)
    try {
      await writeAddress(client, kept, { address, signal })
    } catch (error) {
      given.delete(uid)
      throw error
    }
    told.delete(uid)
    events.event(service, 'Normal', { reason: 'EnsuredLoadBalancer', message: 'Ensured load balancer' })
  }

  /** A Service that asks for what it cannot have does not keep what it had. */
  async function refuse(service: Service, problem: string, signal: AbortSignal): Promise<void> {
    if (balancedAddresses(service).length > 0) await writeAddress(client, service, { address: undefined, signal })
    if (told.get(service.metadata.uid) === problem) return
    told.set(service.metadata.uid, problem)
    const message = `Error syncing load balancer: failed to ensure load balancer: ${problem}`
    events.event(service, 'Warning', { reason: 'SyncLoadBalancerFailed', message })
  }

  async function release(service: Service, signal: AbortSignal): Promise<void> {
    events.event(service, 'Normal', { reason: 'DeletingLoadBalancer', message: 'Deleting load balancer' })
    // Others may keep the Service for long; its address is free all the same.
    const isCleared = balancedAddresses(service).length === 0
    const cleared = isCleared ? service : await writeAddress(client, service, { address: undefined, signal })
    await removeFinalizer(client, cleared, signal)
    events.event(service, 'Normal', { reason: 'DeletedLoadBalancer', message: 'Deleted load balancer' })
  }

  return {
    name: 'load-balancer-addresses',
    // One after the other: what one is given the next must not get.
    workers: 1,
    wakesOn: [from(services, (service) => [keyOf(service)]), whenAddressesAreFreed(services, classes), forgetting(services, [given, told])],
    async reconcile(key, signal) {
      const service = services.get(key)
      if (service === undefined) return
      if (!isWanted(service)) return isHeld(service, classes) ? release(service, signal) : undefined
      if (!isBalanced(service, classes)) return
      const others = holdersBut(service)
      const present = balancedAddresses(service)
      const address = present[0] ?? given.get(service.metadata.uid)
      const choice = chooseAddress({ service, address }, others, deps.pool)
      if ('problem' in choice) return refuse(service, choice.problem, signal)
      const isRight = address === choice.address && present.length <= 1 && (present.length === 0 || isHeld(service, classes))
      if (!isRight) await assign(service, choice.address, signal)
    },
  }
}

/** Whether anybody's load balancer is to serve it. */
function isWanted({ metadata, spec }: Service): boolean {
  return spec.type === 'LoadBalancer' && metadata.deletionTimestamp === undefined
}

/** Whether our finalizer holds it. That of a Service of another class is another's, by the same name. */
function isHeld(service: Service, classes: ServedClasses): boolean {
  const { metadata, spec } = service
  return (metadata.finalizers ?? []).includes(cleanupFinalizer) && (spec.type !== 'LoadBalancer' || isBalanced(service, classes))
}

async function addFinalizer(client: Client, service: Service, signal: AbortSignal): Promise<Service> {
  const { finalizers = [] } = service.metadata
  if (finalizers.includes(cleanupFinalizer)) return service
  return writeFinalizers(client, service, { finalizers: [...finalizers, cleanupFinalizer], signal })
}

async function removeFinalizer(client: Client, service: Service, signal: AbortSignal): Promise<void> {
  const finalizers = (service.metadata.finalizers ?? []).filter((each) => each !== cleanupFinalizer)
  await writeFinalizers(client, service, { finalizers, signal })
}

async function writeFinalizers(
  client: Client,
  service: Service,
  { finalizers, signal }: { finalizers: string[]; signal: AbortSignal },
): Promise<Service> {
  const { namespace, name } = service.metadata
  const patch = guardedPatch(service, { metadata: { finalizers: finalizers.length === 0 ? null : finalizers } })
  return client.patch(Services, { namespace, name }, patch, { signal })
}

async function writeAddress(
  client: Client,
  service: Service,
  { address, signal }: { address: string | undefined; signal: AbortSignal },
): Promise<Service> {
  const { namespace, name } = service.metadata
  const ingress = address === undefined ? null : [{ ip: address, ipMode: 'VIP' }]
  const patch = guardedPatch(service, { status: { loadBalancer: { ingress } } })
  return client.patch(Services, { namespace, name, subresource: 'status' }, patch, { signal })
}

/** Wakes those that have no address, oldest first, when another may have made room. */
function whenAddressesAreFreed(services: Cache<Service>, classes: ServedClasses): Source {
  return {
    synced: services.synced,
    subscribe: (wake) =>
      services.onChange((previous, next) => {
        if (previous === undefined || occupied(previous) === occupied(next)) return
        const waiting = services.list().filter((service) => isBalanced(service, classes) && balancedAddresses(service).length === 0)
        for (const service of waiting.sort(byAge)) wake(keyOf(service))
      }),
  }
}

/** What a Service takes of addresses, as a text to be compared. */
function occupied(service: Service | undefined): string {
  const addresses = service === undefined ? [] : balancedAddresses(service)
  if (service === undefined || addresses.length === 0) return ''
  return JSON.stringify([addresses, sharingKey(service), portsOf(service)])
}

function byAge(a: Service, b: Service): number {
  return a.metadata.creationTimestamp < b.metadata.creationTimestamp ? -1 : 1
}

/** Forgets Services that are gone; wakes nobody. */
function forgetting(services: Cache<Service>, memories: readonly Map<string, unknown>[]): Source {
  return {
    synced: services.synced,
    subscribe: () =>
      services.onChange((previous, next) => {
        if (previous === undefined || previous.metadata.uid === next?.metadata.uid) return
        for (const memory of memories) memory.delete(previous.metadata.uid)
      }),
  }
}
