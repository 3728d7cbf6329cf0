import { badRequest, conflict, invalidObject } from '../../api/errors.ts'
import { invalid, notSupported, required } from '../../api/field-error.ts'
import { type Pod, Pods } from '../../api/kinds/pod.ts'
import { nameProblems } from '../../api/names.ts'
import type { DraftMeta } from '../../api/object.ts'
import { decodeAs, parseBody } from '../body.ts'
import { json } from '../request.ts'
import { timestamp } from '../verbs/create.ts'
import { internalScope, writeObject } from '../verbs/update.ts'
import type { Subresource } from './subresource.ts'

/** `pods/NAME/binding`: how a scheduler gives a pod its node, once. */
export const bindingSubresource: Subresource = {
  name: 'binding',
  kind: 'Binding',
  verbs: ['create'],
  appliesTo: ({ kind }) => kind.resource.plural === Pods.plural && kind.resource.group === Pods.group,
  serve: async (context, resource) => {
    const { request, path } = resource
    const { metadata = {}, target } = decodeAs(context, 'V1Binding', parseBody(request, context.schema)) as unknown as Draft
    const name = path.name ?? ''
    checkBinding(name, metadata, target)
    await writeObject(context, {
      resource,
      scope: internalScope('binding'),
      tracking: undefined,
      next: (current) => {
        const pod = structuredClone(current) as Pod
        // A binding that names a uid is for that pod, and for no later one of its name.
        const uid = metadata.uid || pod.metadata.uid
        if (uid !== pod.metadata.uid) {
          throw conflict(Pods, name, `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${pod.metadata.uid}`)
        }
        const assigned = pod.spec.nodeName ?? ''
        if (assigned !== '') throw conflict(Pods, name, `pod ${name} is already assigned to node "${assigned}"`)
        if (pod.metadata.deletionTimestamp !== undefined) {
          throw conflict(Pods, name, `pod ${name} is being deleted, cannot be assigned to a host`)
        }
        if ((pod.spec.schedulingGates ?? []).length > 0) {
          throw conflict(Pods, name, `pod ${name} has non-empty .spec.schedulingGates`)
        }
        pod.spec.nodeName = target.name ?? ''
        pod.metadata.resourceVersion = ''
        markScheduled(pod, context.clock.now())
        return pod
      },
    })
    return json({ kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201 }, 201)
  },
}

/** A node that it had been promised is of no interest any more. */
function markScheduled(pod: Pod, now: Date): void {
  const { nominatedNodeName: _, conditions = [], ...status } = pod.status ?? {}
  const others = conditions.filter((condition) => condition.type !== 'PodScheduled')
  const scheduled = { type: 'PodScheduled', status: 'True', lastTransitionTime: timestamp(now) }
  pod.status = { ...status, conditions: [...others, scheduled] }
}

/** What a client sends of a `Binding`. */
interface Draft {
  readonly metadata?: DraftMeta
  readonly target: { readonly kind?: string; readonly name?: string }
}

function checkBinding(pod: string, { name = pod }: DraftMeta, target: Draft['target'] = {}): void {
  if (name !== pod) throw badRequest('the name in the binding does not match the name on the URL')
  const { kind = '', name: node = '' } = target
  const errors = [
    ...(kind === '' || kind === 'Node' ? [] : [notSupported('target.kind', kind, ['Node', '<empty>'])]),
    ...(node === '' ? [required('target.name')] : nameProblems('dns-subdomain', node).map((why) => invalid('target.name', node, why))),
  ]
  if (errors.length > 0) throw invalidObject({ group: '', kind: 'Binding' }, pod, errors)
}
