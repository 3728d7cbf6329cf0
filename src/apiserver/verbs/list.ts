import { badRequest, expired } from '../../api/errors.ts'
import type { ListOptions } from '../../storage/store.ts'
import { Compacted } from '../../storage/store.ts'
import type { ApiContext, ResourceRequest } from '../context.ts'
import { decodeContinue, encodeContinue } from '../continue-token.ts'
import { negotiate } from '../negotiate.ts'
import { keyFor, type Stored } from '../objects.ts'
import type { ApiResponse } from '../request.ts'
import { type ListMeta, representList } from '../represent.ts'
import { selectionOf } from '../selection.ts'
import { checkListOptions, countOf, resourceVersionOf, tooLargeVersion } from './list-options.ts'
import { tableOptions } from './table-options.ts'

export async function list(context: ApiContext, resourceRequest: ResourceRequest): Promise<ApiResponse> {
  const { request, path, form, kind } = resourceRequest
  const as = negotiate(request.accept, ['object', 'table', 'metadata'])
  const prefix = keyFor(kind.resource, path.namespace)
  const { items, meta } = await selectPage(context, resourceRequest, prefix)
  const body = representList(form, items, as, meta, tableOptions(context, request.query))
  return { status: 200, contentType: 'application/json', body }
}

/** The items of one page and the list's metadata. Selected items fill the page, however many were passed over. */
export async function selectPage(
  context: ApiContext,
  { request, form }: ResourceRequest,
  prefix: string,
): Promise<{ items: Stored[]; meta: ListMeta }> {
  const { query } = request
  checkListOptions(query)
  const selected = selectionOf(form, query)
  const isSelective = query.get('labelSelector') || query.get('fieldSelector')
  const limit = countOf(query, 'limit')
  const start = startOf(query, prefix, context.objects.store.revision)
  const page = await listEntries(context, prefix, { ...start, ...(limit > 0 && !isSelective && { limit }) })
  const items: Stored[] = []
  let more = page.remaining
  for (const [index, entry] of page.entries.entries()) {
    const stored = context.objects.decode(entry)
    if (!selected(stored.object)) continue
    if (limit > 0 && items.length === limit) {
      more = page.entries.length - index
      break
    }
    items.push(stored)
  }
  const last = items.at(-1)
  const token = more > 0 && last !== undefined ? encodeContinue(page.revision, last.entry.key) : undefined
  return {
    items,
    meta: {
      resourceVersion: String(page.revision),
      ...(token !== undefined && { continue: token }),
      // As upstream: unknown, and so left out, when a selector is at work.
      ...(token !== undefined && !isSelective && { remainingItemCount: more }),
    },
  }
}

async function listEntries(context: ApiContext, prefix: string, options: ListOptions) {
  try {
    return await context.objects.store.list(prefix, options)
  } catch (error) {
    if (!(error instanceof Compacted)) throw error
    const { after } = options
    if (after === undefined) throw expired('The resourceVersion for the provided list is too old.')
    throw expired(
      'The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter.',
    )
  }
}

/**
 * Where to start and at which revision, if not the newest (https://kubernetes.io/docs/reference/using-api/api-concepts/
 * #resource-versions). Every list reads the newest state unless told to read exactly another.
 */
function startOf(query: URLSearchParams, prefix: string, newest: number): Pick<ListOptions, 'after' | 'revision'> {
  const token = query.get('continue') ?? ''
  const asked = resourceVersionOf(query) ?? 0
  if (token !== '') {
    if (asked !== 0) throw badRequest('specifying resource version is not allowed when using continue')
    const start = decodeContinue(token, prefix)
    if (start.revision > newest) throw tooLargeVersion(start.revision, newest)
    return start
  }
  if (asked > newest) throw tooLargeVersion(asked, newest)
  const match = query.get('resourceVersionMatch') ?? ''
  // Without a match, pages are of the version asked for: older clients rely on it.
  const isExact = match === 'Exact' || (match === '' && countOf(query, 'limit') > 0)
  return isExact && asked !== 0 ? { revision: asked } : {}
}
