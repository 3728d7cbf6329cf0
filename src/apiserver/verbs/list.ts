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
  { request, kind }: ResourceRequest,
  prefix: string,
): Promise<{ items: Stored[]; meta: ListMeta }> {
  const { query } = request
  const selected = selectionOf(kind, query)
  const isSelective = query.get('labelSelector') || query.get('fieldSelector')
  const limit = limitOf(query)
  const start = startOf(query)
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
    if (error instanceof Compacted) {
      throw expired(
        'The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter.',
      )
    }
    if (error instanceof RangeError) throw badRequest(`resourceVersion: ${error.message}`)
    throw error
  }
}

function limitOf(query: URLSearchParams): number {
  const text = query.get('limit') ?? '0'
  const limit = Number(text)
  if (Number.isInteger(limit) && limit >= 0) return limit
  throw badRequest(`limit must be a whole number, found ${JSON.stringify(text)}`)
}

/** Where to start and at which revision: a continue token fixes both; `resourceVersionMatch=Exact` the revision. */
function startOf(query: URLSearchParams): Pick<ListOptions, 'after' | 'revision'> {
  const token = query.get('continue') ?? ''
  if (token !== '') return decodeContinue(token)
  const version = query.get('resourceVersion') ?? ''
  if (query.get('resourceVersionMatch') !== 'Exact') return {}
  if (!/^[1-9]\d*$/.test(version)) throw badRequest('resourceVersionMatch=Exact needs a resourceVersion above 0')
  return { revision: Number(version) }
}
