import type { TrackedConnection } from '../../kernel/tracked-connection.ts'
import type { Outcome } from '../caller/messages.ts'
import type { Recording, Relayed } from '../recording.ts'

/** A recording in words. */
export interface Walk {
  readonly target: string
  readonly from: string
  readonly steps: readonly Step[]
  readonly tracked: readonly (TrackedConnection & { readonly place: string })[]
  /** What came of it, and why, in a sentence. */
  readonly summary: string
  readonly outcome: Outcome
  /** What the words rest on. */
  readonly seen: Pick<Recording, 'connection' | 'sightings' | 'earlierTries' | 'naming'> & {
    /** What HAProxy says of the request, and the packets of its connection to the pod. */
    readonly relayed?: Pick<Relayed, 'request' | 'sightings'>
  }
}

/** One thing that happened in one place. */
export interface Step {
  /** `pod kubia-x1`, `node-1`, `edge`, `outside` */
  readonly place: string
  readonly text: string
  readonly details: readonly string[]
  /** Where the kernel does not do what the API says. */
  readonly warnings: readonly string[]
  /** When it began, in microseconds since the first packet was first seen. */
  readonly at?: number
  /** How long it took, in microseconds. */
  readonly took?: number
}

/** What is to be said of something. */
export interface Words {
  readonly details: readonly string[]
  readonly warnings: readonly string[]
}

export const noWords: Words = { details: [], warnings: [] }

export function details(...lines: readonly string[]): Words {
  return { details: lines, warnings: [] }
}

export function joined(all: readonly Words[]): Words {
  return { details: all.flatMap((words) => words.details), warnings: all.flatMap((words) => words.warnings) }
}
