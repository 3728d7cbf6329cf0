import type { ReplicaSet } from '../../api/kinds/replica-set.ts'

/** What to do to the ReplicaSets of a Deployment next. */
export interface Step {
  /** Replicas to create the ReplicaSet of the present template with; undefined if it must not be created now. */
  readonly create?: number
  /** ReplicaSets and their next sizes; one that has its size already is only marked with the Deployment's. */
  readonly resize: readonly Resize[]
}

export interface Resize {
  readonly set: ReplicaSet
  readonly replicas: number
}

export const noStep: Step = { resize: [] }
