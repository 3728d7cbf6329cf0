/**
 * What an agent knows of a pod beside the API and the runtime. All of it can be lost: a restarted agent starts with
 * `newMemory()` and reaches the same state.
 */
export interface PodMemory {
  /** Directories and volumes are in place. */
  readonly prepared: boolean
  /** Why there is no sandbox yet. */
  readonly podFailure: Failure | undefined
  /** Why a container could not be started, by name. */
  readonly containerFailures: ReadonlyMap<string, Failure>
  /** Until when the containers that are being stopped may take, by id. */
  readonly stopping: ReadonlyMap<string, Date>
  /** Back-offs that an event was made for, by `announcementOf`. */
  readonly announced: ReadonlySet<string>
  /** Health by container id, as the probes see it; a container without an entry has no probes. */
  readonly health: ReadonlyMap<string, Health>
  /** When tokens in the pod's volumes are to be renewed; undefined if it is not known. */
  readonly tokensDueAt: Date | undefined
  /** When to ask again whether the containers of a pod that is to end must go on serving; undefined if they may be stopped. */
  readonly servesUntil: Date | undefined
  /** The object was deleted from the API by this agent; only its disappearance from the cache is awaited. */
  readonly objectDeleted: boolean
}

/** Something that could not be done and is tried again at `retryAt`. */
export interface Failure {
  readonly reason: string
  readonly message: string
  readonly at: Date
  readonly retryAt: Date
  /** How often in a row. */
  readonly count: number
}

export interface Health {
  /** The startup probe has succeeded, or there is none. */
  readonly started: boolean
  readonly ready: boolean
  /** The container must be stopped because this probe of it has failed too often. */
  readonly failedProbe?: 'startup' | 'liveness'
}

/** Of a container without probes. */
export const healthy: Health = { started: true, ready: true }

export function newMemory(): PodMemory {
  return {
    prepared: false,
    podFailure: undefined,
    containerFailures: new Map(),
    stopping: new Map(),
    announced: new Set(),
    health: new Map(),
    tokensDueAt: undefined,
    servesUntil: undefined,
    objectDeleted: false,
  }
}

export type RetryKind = 'image' | 'config' | 'sandbox'

/** First delay and longest delay, in seconds. Images as upstream's image back-off. */
const retryDelays: Record<RetryKind, readonly [number, number]> = {
  image: [10, 300],
  config: [1, 10],
  sandbox: [1, 60],
}

export interface FailureReport {
  readonly kind: RetryKind
  readonly reason: string
  readonly message: string
}

/** The failure that follows `previous`, with the next retry further away. */
export function nextFailure(previous: Failure | undefined, report: FailureReport, at: Date): Failure {
  const { kind, reason, message } = report
  const [first, longest] = retryDelays[kind]
  const count = (previous?.count ?? 0) + 1
  const delaySeconds = Math.min(longest, first * 2 ** (count - 1))
  return { reason, message, at, retryAt: new Date(at.getTime() + delaySeconds * 1000), count }
}
