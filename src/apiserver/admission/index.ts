import type { Access } from '../authorization/access.ts'
import { escalationCheck } from '../authorization/escalation-check.ts'
import { nodeRestriction } from '../authorization/node-restriction.ts'
import type { ObjectStore } from '../objects.ts'
import type { AdmissionStep } from './admission.ts'
import { certificateRequests } from './certificate-requests.ts'
import { defaultIngressClass } from './default-ingress-class.ts'
import { namespaceLifecycle } from './namespace-lifecycle.ts'
import { podDefaults } from './pod-defaults.ts'
import { podPriority } from './pod-priority.ts'
import { serviceAccountStep } from './service-account.ts'
import type { ServiceAddressAllocator } from './service-address-allocator.ts'
import { serviceAddresses } from './service-addresses.ts'
import { supportedPods } from './supported-pods.ts'

export interface AdmissionDeps {
  readonly objects: ObjectStore
  readonly access: Access
  readonly addresses: ServiceAddressAllocator
  readonly random: () => number
}

/**
 * Every step that a write passes, in order: first whether it may be at all, then what it is given, and last what has to
 * be reserved for it, so that little is reserved in vain.
 */
export function admissionSteps({ objects, access, addresses, random }: AdmissionDeps): readonly AdmissionStep[] {
  return [
    namespaceLifecycle(objects),
    nodeRestriction({ objects, authorizer: access.authorizer }),
    escalationCheck(access),
    certificateRequests(access.authorizer),
    supportedPods,
    serviceAccountStep(objects, random),
    podPriority(objects),
    podDefaults,
    defaultIngressClass(objects),
    serviceAddresses(addresses),
  ]
}
