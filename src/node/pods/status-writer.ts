import { isDeepStrictEqual } from 'node:util'
import { isStatus } from '../../api/errors.ts'
import { Pods, type Pod, type PodCondition } from '../../api/kinds/pod.ts'
import { Backoff } from '../../base/backoff.ts'
import type { Clock } from '../../base/clock.ts'
import type { Log } from '../../base/log.ts'
import type { Client } from '../../client/client.ts'
import { ownStatusFields, type OwnStatus } from './status.ts'

export interface StatusWriterOptions {
  readonly client: Client
  readonly clock: Clock
  readonly log: Log
  readonly signal: AbortSignal
  /** The pod as last seen and the status it should have by now; undefined if it has left the API. */
  compile(): { readonly pod: Pod; readonly status: OwnStatus } | undefined
  /** Told of the object that a write resulted in. */
  onWritten(pod: Pod): void
}

/**
 * Keeps the status of one pod in the API up to date. What is written is compiled at the moment of writing, so of many
 * changes only the last is sent; a write that fails is tried again.
 */
export class StatusWriter {
  readonly #options: StatusWriterOptions
  readonly #backoff = new Backoff({ baseMs: 100, maxMs: 10_000 })
  #due = false
  #writing: Promise<void> | undefined

  constructor(options: StatusWriterOptions) {
    this.#options = options
  }

  /** The status may have changed. */
  touch(): void {
    this.#due = true
    this.#writing ??= this.#run().finally(() => {
      this.#writing = undefined
      // Touched after the last look at `#due`.
      if (this.#due && !this.#options.signal.aborted) this.touch()
    })
  }

  /** Resolves when the API has the present status, or the pod or this agent has gone. */
  async settled(): Promise<void> {
    this.touch()
    while (this.#writing !== undefined) await this.#writing
  }

  /** Never rejects. */
  async #run(): Promise<void> {
    const { signal, log, clock } = this.#options
    while (this.#due && !signal.aborted) {
      this.#due = false
      try {
        await this.#write()
        this.#backoff.reset()
      } catch (error) {
        if (signal.aborted) return
        if (isStatus(error, 'NotFound')) return
        this.#due = true
        log.warn({ err: error }, 'pod status not written; tries again')
        await clock.sleep(this.#backoff.nextMs(), signal).catch(() => signal.aborted || Promise.reject(error))
      }
    }
  }

  async #write(): Promise<void> {
    const { client, signal, onWritten } = this.#options
    const compiled = this.#options.compile()
    if (compiled === undefined) return
    const { pod, status } = compiled
    const changed = statusPatch(pod, status)
    if (Object.keys(changed).length === 0) return
    const { namespace, name, uid } = pod.metadata
    const target = { namespace, name, subresource: 'status' }
    const body = { metadata: { uid }, status: changed }
    onWritten(await client.patch(Pods, target, { type: 'strategic', body }, { signal }))
  }
}

/** Lists that a strategic merge patch would merge with what is there. */
const mergedLists: readonly (keyof OwnStatus)[] = ['podIPs', 'hostIPs']

/**
 * The agent's fields that differ from what the API has, as a strategic merge patch of `status`: null removes a field.
 * Of the conditions only those that differ, so that others' are kept that the agent has not seen yet.
 */
export function statusPatch({ status: before = {} }: Pod, after: OwnStatus): Record<string, unknown> {
  const differing = ownStatusFields.filter((field) => !isDeepStrictEqual(before[field], after[field]))
  return Object.fromEntries(differing.map((field) => [field, fieldPatch(field, before, after)]))
}

function fieldPatch(field: keyof OwnStatus, before: OwnStatus, after: OwnStatus): unknown {
  const value = after[field]
  if (field === 'conditions') return conditionsPatch(before.conditions ?? [], after.conditions ?? [])
  return Array.isArray(value) && mergedLists.includes(field) ? [...value, { $patch: 'replace' }] : (value ?? null)
}

function conditionsPatch(before: readonly PodCondition[], after: readonly PodCondition[]): unknown[] {
  return after.flatMap((condition) => {
    const known = before.find(({ type }) => type === condition.type)
    if (known === undefined) return [condition]
    if (isDeepStrictEqual(known, condition)) return []
    const gone = Object.keys(known).filter((key) => !Object.hasOwn(condition, key))
    return [{ ...condition, ...Object.fromEntries(gone.map((key) => [key, null])) }]
  })
}
