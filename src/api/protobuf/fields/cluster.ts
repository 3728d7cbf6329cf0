/** `k8s.io/api/{coordination,events,policy,scheduling}/v1`. */
import type { FieldNumbers } from '../field-numbers.ts'

export const clusterFields: FieldNumbers = {
  EventsV1Event: `
    1:metadata 2:eventTime 3:series 4:reportingController 5:reportingInstance 6:action 7:reason 8:regarding
    9:related 10:note 11:type 12:deprecatedSource 13:deprecatedFirstTimestamp 14:deprecatedLastTimestamp
    15:deprecatedCount`,
  EventsV1EventSeries: '1:count! 2:lastObservedTime',
  V1Eviction: '1:metadata 2:deleteOptions',
  V1Lease: '1:metadata 2:spec',
  V1LeaseSpec: `
    1:holderIdentity! 2:leaseDurationSeconds! 3:acquireTime 4:renewTime 5:leaseTransitions! 6:strategy!
    7:preferredHolder!`,
  V1PriorityClass: '1:metadata 2:value! 3:globalDefault 4:description 5:preemptionPolicy!',
}
