import type { ObjectKey } from '../../api/object.ts'
import { Backoff } from '../../base/backoff.ts'
import type { Clock } from '../../base/clock.ts'
import type { Source } from '../../client/controller.ts'
import { canHelp, type ClusterChange } from './cluster-change.ts'
import type { Rejection } from './decide.ts'

/** What was found out about pods of equal demands, at a version of the cluster. */
export interface Finding {
  readonly rejection: Rejection
  readonly version: number
}

interface Group {
  /** The longest untried first. */
  readonly keys: Set<ObjectKey>
  readonly backoff: Backoff
  finding: Finding | undefined
  notBeforeMs: number
  /** One that has been woken to be tried for all. */
  trying: ObjectKey | undefined
}

const backoffs = { baseMs: 100, maxMs: 10_000 }

/**
 * The pods that fitted nowhere, in groups of which all that holds of one holds of the others. When something changes that
 * may help, one of each group is tried; if it fits, the next, and otherwise the others need not be. So a change costs as
 * much as there are different demands that it may help, not as there are pods. A group is not tried again at once: 100 ms
 * after it failed at the earliest, doubled with every further failure up to 10 s.
 */
export class WaitingPods implements Source {
  readonly synced = Promise.resolve()
  readonly #clock: Clock
  readonly #groups = new Map<string, Group>()
  readonly #groupOf = new Map<ObjectKey, string>()
  #wake: (key: ObjectKey) => void = () => undefined

  constructor(clock: Clock) {
    this.#clock = clock
  }

  subscribe(wake: (key: ObjectKey) => void): () => void {
    this.#wake = wake
    return () => (this.#wake = () => undefined)
  }

  /** What is known of pods of the group, if nothing has changed since. */
  known(group: string, version: number): Finding | undefined {
    const finding = this.#groups.get(group)?.finding
    return finding?.version === version ? finding : undefined
  }

  /** Milliseconds until a pod may be tried again; a pod that is new to the group need not wait. */
  backoffMs(key: ObjectKey, group: string): number {
    if (this.#groupOf.get(key) !== group) return 0
    return Math.max(0, (this.#groups.get(group)?.notBeforeMs ?? 0) - this.#clock.monotonicMs())
  }

  /** A pod fits nowhere: it was tried, or what is `known` of its equals holds of it. */
  add(key: ObjectKey, groupName: string, finding: Finding): void {
    if (this.#groupOf.get(key) !== groupName) this.#leave(key)
    this.#groupOf.set(key, groupName)
    const group = this.#groups.get(groupName) ?? this.#newGroup(groupName)
    if (group.trying === key) group.trying = undefined
    group.keys.delete(key)
    if (finding !== group.finding) this.#failed(group, finding)
    group.keys.add(key)
  }

  /** A pod of the group has got a node: there may be room for another. */
  placed(key: ObjectKey, groupName: string): void {
    this.remove(key)
    const group = this.#groups.get(groupName)
    if (group === undefined) return
    group.backoff.reset()
    group.notBeforeMs = 0
    this.#tryNext(group)
  }

  /** A pod waits no longer. */
  remove(key: ObjectKey): void {
    this.#leave(key)
  }

  /** Has those tried that a change may help. */
  changed(change: ClusterChange): void {
    for (const group of this.#groups.values()) {
      const refusedBy = group.finding?.rejection.refusedBy
      if (refusedBy !== undefined && canHelp(change, refusedBy)) this.#tryNext(group)
    }
  }

  #newGroup(name: string): Group {
    const backoff = new Backoff(backoffs)
    const group: Group = { keys: new Set(), backoff, finding: undefined, notBeforeMs: 0, trying: undefined }
    this.#groups.set(name, group)
    return group
  }

  #failed(group: Group, finding: Finding): void {
    // What is said of the others must stay true.
    if (finding.rejection.message !== group.finding?.rejection.message) group.keys.forEach((key) => this.#wake(key))
    group.finding = finding
    group.notBeforeMs = this.#clock.monotonicMs() + group.backoff.nextMs()
  }

  #tryNext(group: Group): void {
    if (group.trying === undefined) this.#tryAnother(group)
  }

  #tryAnother(group: Group): void {
    const [next] = group.keys
    group.trying = next
    if (next !== undefined) this.#wake(next)
  }

  #leave(key: ObjectKey): void {
    const name = this.#groupOf.get(key)
    const group = this.#groups.get(name ?? '')
    this.#groupOf.delete(key)
    if (name === undefined || group === undefined) return
    group.keys.delete(key)
    if (group.keys.size === 0) this.#groups.delete(name)
    else if (group.trying === key) this.#tryAnother(group)
  }
}
