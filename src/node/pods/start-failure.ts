import type { RetryKind } from './memory.ts'

/** Why a pod or one of its containers could not be started. It is shown in the pod's status and tried again. */
export class StartFailure extends Error {
  override readonly name = 'StartFailure'
  readonly kind: RetryKind
  /** As `state.waiting.reason`: `ErrImagePull`, `CreateContainerConfigError`, `RunContainerError`, … */
  readonly reason: string

  constructor(kind: RetryKind, reason: string, message: string) {
    super(message)
    this.kind = kind
    this.reason = reason
  }
}
