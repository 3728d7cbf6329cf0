import { isStatus } from '../../api/errors.ts'
import type { ControllerRevision } from '../../api/kinds/controller-revision.ts'
import { Pods, type Pod } from '../../api/kinds/pod.ts'
import type { StatefulSet } from '../../api/kinds/stateful-set.ts'
import { controllerOf, keyOf, objectKey } from '../../api/object.ts'
import type { Cache } from '../../client/cache.ts'
import type { Client } from '../../client/client.ts'
import type { EventRecorder } from '../../client/event-recorder.ts'
import { guardedPatch } from '../guarded-patch.ts'
import { isNamespaceTerminating } from '../namespace-terminating.ts'
import type { PendingWrites } from '../pending-writes.ts'
import { slowStart } from '../slow-start.ts'
import { failuresOf, outcomeOf, type WriteOutcome } from '../write-outcome.ts'
import { identityLabels, memberPod, ordinalOf } from './identity.ts'
import type { Plan } from './plan.ts'

export interface MemberControlOptions {
  readonly client: Client
  readonly pods: Cache<Pod>
  readonly events: EventRecorder
  readonly writes: PendingWrites<Pod>
}

export interface CarryOutOptions {
  /** The revision that a pod of an ordinal is made from. */
  readonly revisionOf: (ordinal: number) => ControllerRevision
  readonly signal: AbortSignal
}

/** Creates, names and deletes the pods of StatefulSets, and tells about it in Events, in upstream's words. */
export class MemberControl {
  readonly #client: Client
  readonly #pods: Cache<Pod>
  readonly #events: EventRecorder
  readonly #writes: PendingWrites<Pod>

  constructor({ client, pods, events, writes }: MemberControlOptions) {
    this.#client = client
    this.#pods = pods
    this.#events = events
    this.#writes = writes
  }

  async carryOut(set: StatefulSet, plan: Plan, { revisionOf, signal }: CarryOutOptions): Promise<WriteOutcome> {
    if (plan.repair.length + plan.create.length + plan.delete.length === 0) return 'as wanted'
    const missing = [...plan.create]
    const createNext = async () => {
      const ordinal = missing.shift()
      if (ordinal !== undefined) await this.#create(set, ordinal, { revision: revisionOf(ordinal), signal })
    }
    const failures = await failuresOf([
      ...plan.repair.map((pod) => this.#repair(set, pod, signal)),
      ...plan.delete.map((pod) => this.#delete(set, pod, signal)),
    ])
    const stopped = failures.length > 0 ? undefined : await slowStart(missing.length, createNext)
    return outcomeOf(stopped === undefined ? failures : [stopped.failure])
  }

  async #create(
    set: StatefulSet,
    ordinal: number,
    { revision, signal }: { revision: ControllerRevision; signal: AbortSignal },
  ): Promise<void> {
    const draft = memberPod(set, ordinal, revision)
    const name = draft.metadata.name ?? ''
    try {
      await this.#writes.create(keyOf(set), () => this.#client.create(Pods, draft, { signal }))
    } catch (error) {
      const isUntold = isNamespaceTerminating(error) || (isStatus(error, 'AlreadyExists') && !this.#isTaken(set, name))
      if (!isUntold) this.#failed(set, { verb: 'create', name, error })
      throw error
    }
    this.#succeeded(set, 'create', name)
  }

  /** Whether the name is a foreign pod's. One that is not to be seen yet may be an own one of an earlier life. */
  #isTaken({ metadata: { namespace, uid } }: StatefulSet, name: string): boolean {
    const present = this.#pods.get(objectKey(namespace, name))
    return present !== undefined && controllerOf(present)?.uid !== uid
  }

  async #delete(set: StatefulSet, pod: Pod, signal: AbortSignal): Promise<void> {
    const { namespace, name, uid } = pod.metadata
    try {
      const write = () => this.#client.delete(Pods, { namespace, name }, { uid, signal })
      await this.#writes.delete(keyOf(set), pod, write)
    } catch (error) {
      this.#failed(set, { verb: 'delete', name, error })
      throw error
    }
    this.#succeeded(set, 'delete', name)
  }

  async #repair(set: StatefulSet, pod: Pod, signal: AbortSignal): Promise<void> {
    const { namespace, name } = pod.metadata
    const labels = { ...pod.metadata.labels, ...identityLabels(name, ordinalOf(set, pod) ?? 0) }
    try {
      const patch = guardedPatch(pod, { metadata: { labels } })
      const write = () => this.#client.patch(Pods, { namespace, name }, patch, { signal })
      await this.#writes.update(keyOf(set), pod, write)
    } catch (error) {
      this.#failed(set, { verb: 'update', name, error })
      throw error
    }
    this.#succeeded(set, 'update', name)
  }

  #succeeded(set: StatefulSet, verb: Verb, name: string): void {
    const message = `${verb} Pod ${name} in StatefulSet ${set.metadata.name} successful`
    this.#events.event(set, 'Normal', { reason: `Successful${titles[verb]}`, message })
  }

  #failed(set: StatefulSet, { verb, name, error }: { verb: Verb; name: string; error: unknown }): void {
    const problem = error instanceof Error ? error.message : String(error)
    const message = `${verb} Pod ${name} in StatefulSet ${set.metadata.name} failed error: ${problem}`
    this.#events.event(set, 'Warning', { reason: `Failed${titles[verb]}`, message })
  }
}

const titles = { create: 'Create', update: 'Update', delete: 'Delete' } as const
type Verb = keyof typeof titles
