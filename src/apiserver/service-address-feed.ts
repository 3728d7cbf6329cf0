import { type Service, Services } from '../api/kinds/service.ts'
import type { ServiceAddressAllocator } from './admission/service-address-allocator.ts'
import { keyFor, type ObjectStore } from './objects.ts'

/** Tells the allocator of every stored Service, first of those that are there. Resolves when these are in. */
export async function feedServiceAddresses(
  objects: ObjectStore,
  allocator: ServiceAddressAllocator,
  signal: AbortSignal,
): Promise<void> {
  const prefix = keyFor(Services)
  const page = await objects.store.list(prefix)
  for (const entry of page.entries) allocator.observe(undefined, objects.decode(entry).object as Service)
  const decode = (entry: (typeof page.entries)[number] | undefined) =>
    entry === undefined ? undefined : (objects.decode(entry).object as Service)
  objects.store.watch(
    prefix,
    page.revision,
    (events) => {
      for (const event of events) allocator.observe(decode(event.previous), event.type === 'put' ? decode(event.entry) : undefined)
    },
    signal,
  )
}
