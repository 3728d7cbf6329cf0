import type { FieldError } from '../../field-error.ts'
import type { StatefulSetStatus } from '../stateful-set.ts'
import { validateCollisionCount, validateCounts, validateParts } from '../workload-spec/counts.ts'

const replicaCounts = ['readyReplicas', 'currentReplicas', 'updatedReplicas', 'availableReplicas'] as const
const counts = ['replicas', ...replicaCounts, 'observedGeneration', 'collisionCount'] as const

export function validateStatefulSetStatus(
  status: StatefulSetStatus,
  previous: StatefulSetStatus | undefined,
): FieldError[] {
  const { replicas = 0, readyReplicas = 0 } = status
  return [
    ...validateCounts(status, counts),
    ...validateParts(status, replicaCounts, { name: 'status.replicas', count: replicas }),
    ...validateParts(status, ['availableReplicas'], { name: 'status.readyReplicas', count: readyReplicas }),
    ...validateCollisionCount(status.collisionCount, previous?.collisionCount),
  ]
}
