import { get } from '../verbs/get.ts'
import { patch } from '../verbs/patch.ts'
import { statusScope, update } from '../verbs/update.ts'
import type { Subresource } from './subresource.ts'

/** `/status`: the part of an object that its controller writes, and annotations. */
export const statusSubresource: Subresource = {
  name: 'status',
  kind: '',
  verbs: ['get', 'patch', 'update'],
  appliesTo: ({ kind }) => kind.hasStatus,
  serve: (context, request, verb) => {
    if (verb === 'get') return get(context, request)
    return verb === 'patch' ? patch(context, request, statusScope) : update(context, request, statusScope)
  },
}
