import { isStatus } from '../api/errors.ts'
import { Events, type Event, type ObjectReference } from '../api/kinds/event.ts'
import { objectKey, splitKey, type Draft, type KubeObject, type ObjectKey } from '../api/object.ts'
import type { Clock } from '../base/clock.ts'
import type { Log } from '../base/log.ts'
import { Lru } from '../base/lru.ts'
import { rfc3339 } from '../base/rfc3339.ts'
import type { Client } from './client.ts'
import { EventCorrelator, type EventType, type Occurrence } from './event-correlator.ts'

/** Tells what happened to an object, as `kubectl describe` shows it. Never throws and never waits. */
export interface EventRecorder {
  event(about: Subject, type: EventType, what: { readonly reason: string; readonly message: string }): void
}

/** The object an Event is about: one that was read, or as much of it as is known. */
export type Subject = Pick<KubeObject, 'apiVersion' | 'kind'> & {
  readonly metadata: { namespace?: string; name: string; uid?: string; resourceVersion?: string }
  /** A part of the object, such as `spec.containers{app}`. */
  readonly fieldPath?: string
}

export interface EventBroadcasterOptions {
  readonly client: Client
  readonly clock: Clock
  readonly log: Log
}

interface Series {
  readonly key: ObjectKey
  count: number
}

const maxQueued = 1000
const maxSeries = 4096

/**
 * Writes the Events of all recorders of a process, one after the other, behind the back of who records them. Equal
 * occurrences are counted in one Event; `EventCorrelator` keeps their number down. What cannot be written is logged
 * and dropped: an Event is news, not state.
 */
export class EventBroadcaster {
  readonly #client: Client
  readonly #clock: Clock
  readonly #log: Log
  readonly #correlator: EventCorrelator
  readonly #series = new Lru<Series>(maxSeries)
  readonly #queue: { readonly occurrence: Occurrence; readonly at: Date }[] = []
  #draining: Promise<void> = Promise.resolve()
  #busy = false
  #serial = 0

  constructor({ client, clock, log }: EventBroadcasterOptions) {
    this.#client = client
    this.#clock = clock
    this.#log = log
    this.#correlator = new EventCorrelator(clock)
  }

  /** `component` is what `kubectl describe` prints under "From". */
  recorder(component: string, host?: string): EventRecorder {
    return {
      event: (about, type, { reason, message }) => {
        this.#enqueue({ about: referenceTo(about), component, host, type, reason, message })
      },
    }
  }

  /** Resolves when all that was recorded so far has been written or dropped. */
  async idle(): Promise<void> {
    while (this.#busy) await this.#draining
  }

  #enqueue(occurrence: Occurrence): void {
    if (this.#queue.length >= maxQueued) {
      this.#log.warn({ reason: occurrence.reason, about: occurrence.about }, 'event dropped: too many wait')
      return
    }
    this.#queue.push({ occurrence, at: this.#clock.now() })
    if (!this.#busy) this.#draining = this.#drain()
  }

  async #drain(): Promise<void> {
    this.#busy = true
    for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) {
      const { occurrence, at } = next
      try {
        await this.#write(occurrence, at)
      } catch (error) {
        this.#log.warn({ err: error, reason: occurrence.reason, about: occurrence.about }, 'event not recorded')
      }
    }
    this.#busy = false
  }

  async #write(occurrence: Occurrence, at: Date): Promise<void> {
    const correlated = this.#correlator.correlate(occurrence)
    if (correlated === undefined) return
    const { series, message } = correlated
    const known = this.#series.get(series)
    if (known !== undefined && (await this.#count(known, { message, at }))) return
    const created = await this.#client.create(Events, this.#draft({ ...occurrence, message }, at))
    const key = objectKey(created.metadata.namespace, created.metadata.name)
    this.#series.set(series, { key, count: 1 })
  }

  /** False if the Event is there no longer. */
  async #count(series: Series, { message, at }: { message: string; at: Date }): Promise<boolean> {
    const body = { count: series.count + 1, lastTimestamp: rfc3339(at), message }
    try {
      await this.#client.patch(Events, splitKey(series.key), { type: 'merge', body })
    } catch (error) {
      if (isStatus(error, 'NotFound')) return false
      throw error
    }
    series.count += 1
    return true
  }

  #draft({ about, component, host, type, reason, message }: Occurrence, at: Date): Draft<Event> {
    return {
      metadata: { namespace: about.namespace ?? 'default', name: `${about.name}.${this.#suffix(at)}` },
      involvedObject: about,
      type,
      reason,
      message,
      source: { component, ...(host === undefined ? {} : { host }) },
      reportingComponent: component,
      reportingInstance: host ?? '',
      firstTimestamp: rfc3339(at),
      lastTimestamp: rfc3339(at),
      count: 1,
    }
  }

  /** Upstream's form, the time in nanoseconds as hex; a serial number stands for what our clock does not resolve. */
  #suffix(at: Date): string {
    this.#serial = (this.#serial + 1) % 1_000_000
    return (BigInt(at.getTime()) * 1_000_000n + BigInt(this.#serial)).toString(16)
  }
}

function referenceTo({ apiVersion, kind, metadata, fieldPath }: Subject): ObjectReference {
  const { namespace, name, uid, resourceVersion } = metadata
  return {
    kind,
    apiVersion,
    name,
    ...(namespace === undefined ? {} : { namespace }),
    ...(uid === undefined ? {} : { uid }),
    ...(resourceVersion === undefined ? {} : { resourceVersion }),
    ...(fieldPath === undefined ? {} : { fieldPath }),
  }
}
