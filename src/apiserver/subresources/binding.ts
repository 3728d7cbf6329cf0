import { badRequest, conflict } from '../../api/errors.ts'
import { type Pod, Pods } from '../../api/kinds/pod.ts'
import { parseBody } from '../body.ts'
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
  serve: async (context, { request, path, kind }) => {
    const body = parseBody(request)
    const node = targetNode(body)
    const uid = boundUid(body)
    const name = path.name ?? ''
    await writeObject(context, {
      kind,
      namespace: path.namespace,
      name,
      scope: internalScope('binding'),
      user: request.user,
      dryRun: false,
      next: (current) => {
        const pod = structuredClone(current) as Pod
        if (uid !== undefined && uid !== pod.metadata.uid) {
          throw conflict(Pods, name, `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${pod.metadata.uid}`)
        }
        const assigned = pod.spec.nodeName ?? ''
        if (assigned !== '') throw conflict(Pods, name, `pod ${name} is already assigned to node "${assigned}"`)
        if (pod.metadata.deletionTimestamp !== undefined) {
          throw conflict(Pods, name, `pod ${name} is being deleted, cannot be assigned to a host`)
        }
        pod.spec.nodeName = node
        pod.metadata.resourceVersion = ''
        markScheduled(pod, context.clock.now())
        return pod
      },
    })
    return json({ kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201 }, 201)
  },
}

function markScheduled(pod: Pod, now: Date): void {
  const others = pod.status?.conditions?.filter((condition) => condition.type !== 'PodScheduled') ?? []
  const scheduled = { type: 'PodScheduled', status: 'True', lastTransitionTime: timestamp(now) }
  pod.status = { ...pod.status, conditions: [...others, scheduled] }
}

function targetNode(body: unknown): string {
  const target = typeof body === 'object' && body !== null && 'target' in body ? body.target : undefined
  const name = typeof target === 'object' && target !== null && 'name' in target ? target.name : undefined
  if (typeof name === 'string' && name !== '') return name
  throw badRequest(`target.name must be the name of a node, found ${JSON.stringify(name ?? null)}`)
}

/** A binding that names a uid is for that pod, and for no later one of its name. */
function boundUid(body: unknown): string | undefined {
  const metadata = typeof body === 'object' && body !== null && 'metadata' in body ? body.metadata : undefined
  const uid = typeof metadata === 'object' && metadata !== null && 'uid' in metadata ? metadata.uid : undefined
  return typeof uid === 'string' && uid !== '' ? uid : undefined
}
