import { notFound } from '../../api/errors.ts'
import type { ApiContext, ResourceRequest } from '../context.ts'
import { negotiate } from '../negotiate.ts'
import type { ApiResponse } from '../request.ts'
import { representObject } from '../represent.ts'
import { tableOptions } from './table-options.ts'

export async function get(context: ApiContext, { request, path, form, kind }: ResourceRequest): Promise<ApiResponse> {
  const as = negotiate(request.accept, ['object', 'table', 'metadata'])
  const name = path.name ?? ''
  const stored = await context.objects.get(kind.resource, path.namespace, name)
  if (stored === undefined) throw notFound(kind.resource, name)
  const body = representObject(form, stored, as, tableOptions(context, request.query))
  return { status: 200, contentType: 'application/json', body }
}
