/**
 * What an agent does to the world for one pod. Every action may be repeated: one that was already done has no effect.
 * Actions of one decision are done in order; the first that fails ends the turn.
 */
export type Action =
  /** Makes the pod's directories and volumes. */
  | { readonly do: 'prepare' }
  /** Gives the pod's volumes new tokens; what fails is tried again later and disturbs nothing else. */
  | { readonly do: 'renew-tokens' }
  | { readonly do: 'start-sandbox'; readonly attempt: number; readonly replaces: boolean }
  | { readonly do: 'start-container'; readonly name: string; readonly attempt: number; readonly streak: number }
  /** Starts a container that is created already. */
  | { readonly do: 'resume-container'; readonly name: string; readonly id: string }
  /** Begins to stop a container; its end is seen later. `deadline` is when it is killed at the latest. */
  | { readonly do: 'stop-container'; readonly id: string; readonly deadline: Date; readonly message: string }
  | { readonly do: 'stop-sandbox'; readonly id: string }
  | { readonly do: 'remove-container'; readonly id: string }
  | { readonly do: 'remove-sandbox'; readonly id: string }
  /** Makes the event of a back-off that has begun, or of a deadline that is over; `name` is '' for the pod as a whole. */
  | { readonly do: 'announce'; readonly key: string; readonly name: string; readonly reason: Announced }
  /** Writes the last status of a pod that is going, before its remains are removed. */
  | { readonly do: 'write-status' }
  /** Removes volumes, logs and directories. */
  | { readonly do: 'clean-up' }
  /** Deletes the API object that was marked for deletion, if it is still the same one. */
  | { readonly do: 'delete-object' }
  /** Nothing is left: the worker ends. */
  | { readonly do: 'forget' }

export const announced = ['CrashLoopBackOff', 'ImagePullBackOff', 'DeadlineExceeded'] as const
export type Announced = (typeof announced)[number]

export interface Decision {
  readonly actions: readonly Action[]
  /** Decide again at this time even if nothing happens. */
  readonly wakeAt?: Date
}
