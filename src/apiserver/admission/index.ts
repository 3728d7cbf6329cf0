import type { AdmissionStep } from './admission.ts'
import { namespaceLifecycle } from './namespace-lifecycle.ts'
import { podDefaults } from './pod-defaults.ts'
import { serviceAddresses } from './service-addresses.ts'
import type { ServiceAddressAllocator } from './service-address-allocator.ts'
import type { ObjectStore } from '../objects.ts'

/**
 * Every step that a write passes, in order: first whether it may be at all, then what it is given, and last what has to
 * be reserved for it, so that little is reserved in vain.
 */
export function admissionSteps(objects: ObjectStore, addresses: ServiceAddressAllocator): readonly AdmissionStep[] {
  return [namespaceLifecycle(objects), podDefaults, serviceAddresses(addresses)]
}
