import type { Kind } from '../../api/kind.ts'
import type { KubeObject } from '../../api/object.ts'
import type { User } from '../request.ts'

/**
 * One step between decoding and storing a write. Steps run in the order of the list in `index.ts`; each may change the
 * object or throw a `StatusError`.
 */
export interface AdmissionStep {
  readonly name: string
  admit(write: AdmissionWrite): Promise<void> | void
}

export interface AdmissionWrite {
  readonly operation: 'create' | 'update' | 'delete'
  readonly kind: Kind
  readonly subresource: string | undefined
  readonly user: User
  /** The object about to be stored (for a delete: the one about to go). The step may change it. */
  readonly object: KubeObject
  /** The stored object; undefined on create. */
  readonly previous: KubeObject | undefined
  /** Registers what must be undone if the object is not stored after all: a later step refuses it, or it was a dry run. */
  undo(release: () => void): void
}

/** Runs the steps, then `store`. Whatever the steps reserved is released if anything fails or `keep` is false. */
export async function admitThen<Result>(
  steps: readonly AdmissionStep[],
  write: Omit<AdmissionWrite, 'undo'>,
  keep: boolean,
  store: () => Promise<Result>,
): Promise<Result> {
  const releases: (() => void)[] = []
  let kept = false
  try {
    for (const step of steps) await step.admit({ ...write, undo: (release) => releases.push(release) })
    const result = await store()
    kept = keep
    return result
  } finally {
    if (!kept) for (const release of releases.reverse()) release()
  }
}
