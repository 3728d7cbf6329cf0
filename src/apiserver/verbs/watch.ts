import { badRequest, expired } from '../../api/errors.ts'
import { apiVersionOf } from '../../api/resource.ts'
import type { StoreEvent } from '../../storage/store.ts'
import type { ApiContext, ResourceRequest } from '../context.ts'
import type { ServedForm } from '../kind-registry.ts'
import { negotiate, type Representation } from '../negotiate.ts'
import { keyFor, type Stored } from '../objects.ts'
import type { ApiResponse } from '../request.ts'
import { isTrue } from '../request-info.ts'
import { representObject, type TableOptions } from '../represent.ts'
import { type Selection, selectionOf } from '../selection.ts'
import { tableOptions } from './table-options.ts'

/** How often a watch that asked for bookmarks gets one, in milliseconds. */
const bookmarkEveryMs = 60_000
/** A watch without a time-out of its own ends after this, so that clients spread over restarted servers. */
const defaultTimeoutMs = 3_600_000

export async function watch(context: ApiContext, resourceRequest: ResourceRequest): Promise<ApiResponse> {
  const { request, path, form, kind } = resourceRequest
  const { query } = request
  const as = negotiate(request.accept, ['object', 'table', 'metadata'])
  const prefix = keyFor(kind.resource, path.namespace)
  const selected = selectionOf(kind, query)
  const start = await startOf(context, prefix, query)
  const lines = new EventLines(form, as, selected, tableOptions(context, query), context)
  return {
    status: 200,
    contentType: 'application/json',
    body: async (write, signal) => {
      const timeout = AbortSignal.timeout(timeoutOf(query))
      const ended = AbortSignal.any([signal, timeout])
      for (const stored of start.initial) if (selected(stored.object)) write(lines.line('ADDED', stored))
      let seen = start.revision
      if (start.announceEnd) write(lines.bookmark(seen, true))
      context.objects.store.watch(
        prefix,
        seen,
        (events) => {
          const text = events.map((event) => lines.ofEvent(event)).join('')
          if (text !== '') write(text)
          seen = events.at(-1)?.revision ?? seen
        },
        ended,
      )
      await bookmarksUntil(ended, isTrue(query.get('allowWatchBookmarks')), () => {
        // Nothing between the last event seen and the store's revision concerns this watch.
        seen = Math.max(seen, context.objects.store.revision)
        write(lines.bookmark(seen, false))
      })
    },
  }
}

interface Start {
  /** Objects to report as ADDED before any change. */
  readonly initial: readonly Stored[]
  readonly revision: number
  /** Whether a bookmark tells the client that the initial objects are complete (KEP-3157). */
  readonly announceEnd: boolean
}

async function startOf(context: ApiContext, prefix: string, query: URLSearchParams): Promise<Start> {
  const version = query.get('resourceVersion') ?? ''
  const { store } = context.objects
  if (isTrue(query.get('sendInitialEvents')) || version === '' || version === '0') {
    const page = await store.list(prefix)
    const announceEnd = isTrue(query.get('sendInitialEvents')) && isTrue(query.get('allowWatchBookmarks'))
    return { initial: page.entries.map((entry) => context.objects.decode(entry)), revision: page.revision, announceEnd }
  }
  const revision = Number(version)
  if (!Number.isSafeInteger(revision) || revision < 0) {
    throw badRequest(`resourceVersion: Invalid value: ${JSON.stringify(version)}: must be a number`)
  }
  if (revision < store.compactedRevision) {
    throw expired(`too old resource version: ${revision} (${store.compactedRevision})`)
  }
  if (revision > store.revision) throw expired(`resource version ${revision} is ahead of the newest, ${store.revision}`)
  return { initial: [], revision, announceEnd: false }
}

function timeoutOf(query: URLSearchParams): number {
  const seconds = Number(query.get('timeoutSeconds') ?? 0)
  return Number.isInteger(seconds) && seconds > 0 ? seconds * 1000 : defaultTimeoutMs
}

async function bookmarksUntil(ended: AbortSignal, wanted: boolean, send: () => void): Promise<void> {
  if (ended.aborted) return
  const timer = wanted ? setInterval(send, bookmarkEveryMs) : undefined
  await new Promise<void>((resolve) => ended.addEventListener('abort', () => resolve(), { once: true }))
  clearInterval(timer)
}

/** Turns store events into lines of a watch as one client asked for them. */
class EventLines {
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

  /** One line, or nothing if the event does not concern the selection. An object that leaves the selection is DELETED. */
  ofEvent(event: StoreEvent): string {
    const { objects } = this.#context
    const before = event.previous === undefined ? undefined : objects.decode(event.previous)
    const wasIn = before !== undefined && this.#selected(before.object)
    if (event.type === 'delete') return wasIn ? this.line('DELETED', objects.decodeDeleted(event)) : ''
    const after = objects.decode(event.entry)
    const isIn = this.#selected(after.object)
    if (isIn) return this.line(wasIn ? 'MODIFIED' : 'ADDED', after)
    return wasIn ? this.line('DELETED', after) : ''
  }

  line(type: 'ADDED' | 'MODIFIED' | 'DELETED', stored: Stored): string {
    const options = { ...this.#options, now: this.#context.clock.now(), withoutColumns: this.#columnsSent }
    this.#columnsSent = true
    return `{"type":"${type}","object":${representObject(this.#form, stored, this.#as, options)}}\n`
  }

  bookmark(revision: number, initialEventsEnd: boolean): string {
    const metadata = {
      resourceVersion: String(revision),
      creationTimestamp: null,
      ...(initialEventsEnd && { annotations: { 'k8s.io/initial-events-end': 'true' } }),
    }
    const object = { kind: this.#form.resource.kind, apiVersion: apiVersionOf(this.#form.resource), metadata }
    return `${JSON.stringify({ type: 'BOOKMARK', object })}\n`
  }
}
