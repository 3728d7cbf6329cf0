import { type Namespace, Namespaces } from '../../api/kinds/namespace.ts'
import { decodeBody } from '../body.ts'
import { checkIdentity, internalScope, writeObject } from '../verbs/update.ts'
import type { Subresource } from './subresource.ts'

/** `namespaces/NAME/finalize`: how the namespace controller lets an emptied namespace go. */
export const finalizeSubresource: Subresource = {
  name: 'finalize',
  kind: 'Namespace',
  verbs: ['update'],
  appliesTo: ({ kind }) => kind.resource.plural === Namespaces.plural && kind.resource.group === Namespaces.group,
  serve: async (context, resource) => {
    const { request, path, form, kind } = resource
    const { object } = decodeBody(context, form, request)
    checkIdentity(kind, object, undefined, path.name ?? '')
    const stored = await writeObject(context, {
      resource,
      // The finalizers are the client's, and judged as such.
      scope: { ...internalScope('finalize'), validate: (_, next) => kind.validate(next) },
      tracking: undefined,
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
