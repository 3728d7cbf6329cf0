import type { StatusError } from '../../api/errors.ts'
import { apiVersionOf } from '../../api/resource.ts'
import type { StoreEvent } from '../../storage/store.ts'
import type { ApiContext } from '../context.ts'
import type { ServedForm } from '../kind-registry.ts'
import type { Representation } from '../negotiate.ts'
import type { Stored } from '../objects.ts'
import { representBookmark, representObject, type TableOptions } from '../represent.ts'
import type { Selection } from '../selection.ts'

/** Lines of an event that are the same for every watch of a form: a thousand watches cost one encoding. */
const shared = new WeakMap<StoreEvent, Map<string, string>>()

type EventType = 'ADDED' | 'MODIFIED' | 'DELETED'

/** The lines of one watch, as its client asked for them. */
export class WatchLines {
  readonly #form: ServedForm
  readonly #as: Representation
  readonly #selected: Selection
  readonly #options: TableOptions
  readonly #context: ApiContext
  #columnsSent = false

  constructor(form: ServedForm, as: Representation, selected: Selection, options: TableOptions, context: ApiContext) {
    this.#form = form
    this.#as = as
    this.#selected = selected
    this.#options = options
    this.#context = context
  }

  /** The line of an object that is there at the beginning; '' if it is not selected. */
  initial(stored: Stored): string {
    return this.#selected(stored.object) ? this.#line('ADDED', stored) : ''
  }

  /**
   * '' if the event does not concern the selection. An object that leaves the selection is DELETED, as it last was in
   * it.
   */
  event(event: StoreEvent): string {
    const { objects } = this.#context
    const { previous } = event
    const wasIn = previous !== undefined && this.#selected(objects.decode(previous).object)
    const after = event.type === 'put' ? objects.decode(event.entry) : undefined
    if (after !== undefined && this.#selected(after.object)) {
      return this.#sharedLine(event, wasIn ? 'MODIFIED' : 'ADDED', after)
    }
    return wasIn ? this.#sharedLine(event, 'DELETED', objects.decodeGone(event, previous)) : ''
  }

  /** Tells from which revision to resume; and, if so, that the initial objects are complete (KEP-3157). */
  bookmark(revision: number, initialEventsEnd = false): string {
    const { kind } = this.#form.resource
    const metadata = {
      resourceVersion: String(revision),
      creationTimestamp: null,
      ...(initialEventsEnd && { annotations: { 'k8s.io/initial-events-end': 'true' } }),
    }
    const object = { kind, apiVersion: apiVersionOf(this.#form.resource), metadata }
    return `{"type":"BOOKMARK","object":${representBookmark(this.#form, object, this.#as, this.#nextOptions())}}\n`
  }

  /** The last line of a watch that cannot go on. */
  error({ status }: StatusError): string {
    return `${JSON.stringify({ type: 'ERROR', object: status })}\n`
  }

  #sharedLine(event: StoreEvent, type: EventType, stored: Stored): string {
    // Rows tell ages, and the first comes with the columns.
    if (this.#as === 'table') return this.#line(type, stored)
    const lines = shared.get(event) ?? new Map<string, string>()
    const key = `${type} ${this.#as} ${apiVersionOf(this.#form.resource)}`
    const line = lines.get(key) ?? this.#line(type, stored)
    shared.set(event, lines.set(key, line))
    return line
  }

  #line(type: EventType, stored: Stored): string {
    return `{"type":"${type}","object":${representObject(this.#form, stored, this.#as, this.#nextOptions())}}\n`
  }

  #nextOptions(): TableOptions {
    const options = { ...this.#options, now: this.#context.clock.now(), withoutColumns: this.#columnsSent }
    this.#columnsSent = true
    return options
  }
}
