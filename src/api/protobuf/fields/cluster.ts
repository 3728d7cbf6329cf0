/** `k8s.io/api/{certificates,coordination,events,policy,scheduling}/v1`. */
import type { FieldNumbers } from '../field-numbers.ts'

export const clusterFields: FieldNumbers = {
  EventsV1Event: `
    1:metadata 2:eventTime 3:series 4:reportingController 5:reportingInstance 6:action 7:reason 8:regarding
    9:related 10:note 11:type 12:deprecatedSource 13:deprecatedFirstTimestamp 14:deprecatedLastTimestamp
    15:deprecatedCount`,
  EventsV1EventSeries: '1:count! 2:lastObservedTime',
  V1CertificateSigningRequest: '1:metadata 2:spec 3:status',
  V1CertificateSigningRequestCondition: '1:type! 2:reason 3:message 4:lastUpdateTime 5:lastTransitionTime 6:status!',
  V1CertificateSigningRequestSpec: `
    1:request! 2:username 3:uid 4:groups 5:usages 6:extra 7:signerName! 8:expirationSeconds!`,
  V1CertificateSigningRequestStatus: '1:conditions 2:certificate',
  V1Eviction: '1:metadata 2:deleteOptions',
  V1Lease: '1:metadata 2:spec',
  V1LeaseSpec: `
    1:holderIdentity! 2:leaseDurationSeconds! 3:acquireTime 4:renewTime 5:leaseTransitions! 6:strategy!
    7:preferredHolder!`,
  V1PriorityClass: '1:metadata 2:value! 3:globalDefault 4:description 5:preemptionPolicy!',
}
