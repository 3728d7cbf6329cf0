import { type Namespace, Namespaces } from '../../api/kinds/namespace.ts'
import { decodeBody } from '../body.ts'
import { internalScope, writeObject } from '../verbs/update.ts'
import type { Subresource } from './subresource.ts'

/** `namespaces/NAME/finalize`: how the namespace controller lets an emptied namespace go. */
export const finalizeSubresource: Subresource = {
  name: 'finalize',
  kind: 'Namespace',
  verbs: ['update'],
  appliesTo: ({ kind }) => kind.resource.plural === Namespaces.plural && kind.resource.group === Namespaces.group,
  serve: async (context, { request, path, form, kind }) => {
    const { object } = decodeBody(context, form, request)
    const stored = await writeObject(context, {
      kind,
      namespace: undefined,
      name: path.name ?? '',
      scope: internalScope('finalize'),
      user: request.user,
      dryRun: false,
      next: (current) => {
        const next = structuredClone(current) as Namespace
        next.spec = { ...next.spec, ...(object as Namespace).spec }
        next.metadata.resourceVersion = object.metadata.resourceVersion ?? ''
        return next
      },
    })
    return { status: 200, contentType: 'application/json', body: stored.json }
  },
}
