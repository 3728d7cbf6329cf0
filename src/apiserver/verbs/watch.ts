import { expired, internalError } from '../../api/errors.ts'
import type { Value } from '../../base/metrics.ts'
import { Compacted } from '../../storage/store.ts'
import type { ApiContext, ResourceRequest } from '../context.ts'
import { negotiate } from '../negotiate.ts'
import { keyFor, type Stored } from '../objects.ts'
import type { ApiResponse, Write } from '../request.ts'
import { isTrue } from '../request-info.ts'
import { selectionOf } from '../selection.ts'
import { checkWatchOptions, countOf, resourceVersionOf, tooLargeVersion } from './list-options.ts'
import { tableOptions } from './table-options.ts'
import { WatchLines } from './watch-lines.ts'

/** How often a watch that asked for bookmarks gets one, in milliseconds. */
const bookmarkEveryMs = 60_000
/** A watch ends after this unless its client chose another time, so that clients spread over restarted servers. */
const defaultTimeoutMs = 3_600_000
/** Timers hold no more than 31 bits of milliseconds. */
const maxTimeoutMs = 2 ** 31 - 1
/** About as much of the initial objects is written in one go. */
const initialPieceLength = 64 * 1024

export async function watch(context: ApiContext, resourceRequest: ResourceRequest): Promise<ApiResponse> {
  const { request, path, form, kind } = resourceRequest
  const { query } = request
  checkWatchOptions(query)
  const as = negotiate(request.accept, ['object', 'table', 'metadata'])
  const prefix = keyFor(kind.resource, path.namespace)
  const lines = new WatchLines(form, as, selectionOf(form, query), tableOptions(context, query), context)
  const timeoutMs = Math.min(countOf(query, 'timeoutSeconds') * 1000 || defaultTimeoutMs, maxTimeoutMs)
  const start = await startOf(context, prefix, query)
  const { group, version, plural } = form.resource
  const sent = context.metrics.watchEvents.with(group, version, plural)
  const plan = { prefix, start, timeoutMs, bookmarks: isTrue(query.get('allowWatchBookmarks')), sent }
  return {
    status: 200,
    contentType: 'application/json',
    body: (write, signal) => follow(context, lines, plan, write, signal),
  }
}

interface Plan {
  readonly prefix: string
  readonly start: Start
  readonly timeoutMs: number
  readonly bookmarks: boolean
  /** Counts events. */
  readonly sent: Value
}

/** Writes what is there, and then everything that happens, until the client leaves or the time is up. */
async function follow(
  context: ApiContext,
  lines: WatchLines,
  { prefix, start, timeoutMs, bookmarks, sent }: Plan,
  write: Write,
  signal: AbortSignal,
): Promise<void> {
  const { clock, log, objects } = context
  const ended = new AbortController()
  const end = () => ended.abort()
  signal.addEventListener('abort', end, { once: true })
  if (signal.aborted) end()
  const cancelTimeout = clock.after(timeoutMs, end)
  let cancelBookmark = () => {}
  const bookmarkLater = () => {
    cancelBookmark = clock.after(bookmarkEveryMs, () => {
      // Whatever has happened so far and concerns this watch has been written.
      void write(lines.bookmark(objects.store.revision))
      bookmarkLater()
    })
  }
  try {
    await writeInitial(lines, { start, sent }, write, ended.signal)
    objects.store.watch(
      prefix,
      start.revision,
      (events) => {
        try {
          const told = events.map((event) => lines.event(event)).filter((line) => line !== '')
          if (told.length === 0) return
          sent.add(told.length)
          void write(told.join(''))
        } catch (error) {
          log.error({ error, prefix }, 'watch broke off')
          void write(lines.error(internalError(error as Error)))
          end()
        }
      },
      ended.signal,
    )
    if (bookmarks) bookmarkLater()
    await abortOf(ended.signal)
  } catch (error) {
    // The client took so long over what was there that what came after is forgotten.
    if (!(error instanceof Compacted)) throw error
    void write(lines.error(tooOld(start.revision, error.compactedRevision)))
  } finally {
    end()
    cancelTimeout()
    cancelBookmark()
    signal.removeEventListener('abort', end)
  }
}

async function writeInitial(
  lines: WatchLines,
  { start, sent }: Pick<Plan, 'start' | 'sent'>,
  write: Write,
  ended: AbortSignal,
): Promise<void> {
  let piece = ''
  for (const stored of start.initial) {
    const line = lines.initial(stored)
    if (line === '') continue
    piece += line
    sent.add()
    if (piece.length < initialPieceLength) continue
    await write(piece)
    if (ended.aborted) return
    piece = ''
  }
  if (start.announceEnd) piece += lines.bookmark(start.revision, true)
  if (piece !== '') void write(piece)
}

interface Start {
  /** Objects to report as ADDED before any change. */
  readonly initial: readonly Stored[]
  readonly revision: number
  /** Whether a bookmark tells the client that the initial objects are complete (KEP-3157). */
  readonly announceEnd: boolean
}

async function startOf({ objects }: ApiContext, prefix: string, query: URLSearchParams): Promise<Start> {
  const { store } = objects
  const asked = resourceVersionOf(query) ?? 0
  const choice = query.get('sendInitialEvents')
  if (choice === null ? asked === 0 : isTrue(choice)) {
    if (asked > store.revision) throw tooLargeVersion(asked, store.revision)
    const page = await store.list(prefix)
    const announceEnd = choice !== null && isTrue(query.get('allowWatchBookmarks'))
    return { initial: page.entries.map((entry) => objects.decode(entry)), revision: page.revision, announceEnd }
  }
  const revision = asked === 0 ? store.revision : asked
  if (revision < store.compactedRevision) throw tooOld(revision, store.compactedRevision)
  if (revision > store.revision) throw expired(`resource version ${revision} is ahead of the newest, ${store.revision}`)
  return { initial: [], revision, announceEnd: false }
}

function tooOld(revision: number, oldest: number) {
  return expired(`too old resource version: ${revision} (${oldest})`)
}

function abortOf(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve()
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
}
