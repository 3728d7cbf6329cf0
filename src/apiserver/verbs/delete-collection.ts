import { isStatus } from '../../api/errors.ts'
import { keyFor } from '../objects.ts'
import type { ApiContext, ResourceRequest } from '../context.ts'
import type { ApiResponse } from '../request.ts'
import { representList } from '../represent.ts'
import { deleteObject } from './delete.ts'
import { deleteOptions } from './delete-options.ts'
import { selectPage } from './list.ts'
import { tableOptions } from './table-options.ts'

/** DELETE of a collection: every selected object as by a delete of its own. Answers with the list of what it found. */
export async function deleteCollection(context: ApiContext, resourceRequest: ResourceRequest): Promise<ApiResponse> {
  const { request, path, form, kind } = resourceRequest
  const options = deleteOptions(context, request)
  const { items, meta } = await selectPage(context, resourceRequest, keyFor(kind.resource, path.namespace))
  for (const { object } of items) {
    const { name, namespace } = object.metadata
    try {
      await deleteObject(context, { kind, namespace, name, user: request.user, options })
    } catch (error) {
      // Gone meanwhile: what the caller wants.
      if (!isStatus(error, 'NotFound')) throw error
    }
  }
  const body = representList(form, items, 'object', meta, tableOptions(context, request.query))
  return { status: 200, contentType: 'application/json', body }
}
