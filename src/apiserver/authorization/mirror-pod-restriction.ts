import { isMirrorPod } from '../../api/kinds/mirror-pod.ts'
import { Nodes } from '../../api/kinds/node.ts'
import type { Pod } from '../../api/kinds/pod.ts'
import type { OwnerReference } from '../../api/object.ts'
import { notFound } from '../../api/errors.ts'
import type { AdmissionWrite } from '../admission/admission.ts'
import type { ObjectStore } from '../objects.ts'
import { podReferences } from './pod-references.ts'
import { refusal } from './write-refusal.ts'

/** A node creates no pods but those that show what it runs on its own account: its own, and referring to nothing. */
export async function checkMirrorPod(node: string, write: AdmissionWrite, objects: ObjectStore): Promise<void> {
  const pod = write.object as Pod
  const own = JSON.stringify(node)
  if (!isMirrorPod(pod)) {
    const lacks = 'pod does not have "kubernetes.io/config.mirror" annotation'
    throw refusal(write, `${lacks}, node ${own} can only create mirror pods`)
  }
  if (pod.spec.nodeName !== node) {
    throw refusal(write, `node ${own} can only create pods with spec.nodeName set to itself`)
  }
  await checkOwner(node, write, objects)
  const { secrets, configMaps, serviceAccounts } = podReferences(pod)
  // `default` is what a pod is given that names none.
  if (serviceAccounts.difference(unchosen).size > 0) {
    throw refusal(write, `node ${own} can not create pods that reference a service account`)
  }
  if (secrets.size > 0) throw refusal(write, `node ${own} can not create pods that reference secrets`)
  if (configMaps.size > 0) throw refusal(write, `node ${own} can not create pods that reference configmaps`)
  if ((pod.spec.volumes ?? []).some(({ persistentVolumeClaim }) => persistentVolumeClaim !== undefined)) {
    throw refusal(write, `node ${own} can not create pods that reference persistentvolumeclaims`)
  }
}

const unchosen = new Set(['default'])

async function checkOwner(node: string, write: AdmissionWrite, objects: ObjectStore): Promise<void> {
  const own = JSON.stringify(node)
  const [owner, ...others] = write.object.metadata.ownerReferences ?? []
  if (others.length > 0) {
    throw refusal(write, `node ${own} can only create pods with a single owner reference set to itself`)
  }
  if (owner === undefined || !isNode(owner, node)) {
    throw refusal(write, `node ${own} can only create pods with an owner reference set to itself`)
  }
  if (owner.controller !== true) {
    throw refusal(write, `node ${own} can only create pods with a controller owner reference set to itself`)
  }
  if (owner.blockOwnerDeletion === true) {
    throw refusal(write, `node ${own} must not set blockOwnerDeletion on an owner reference`)
  }
  const stored = await objects.get(Nodes, undefined, node)
  if (stored === undefined) throw notFound(Nodes, node)
  const { uid } = stored.object.metadata
  if (owner.uid !== uid) throw refusal(write, `node ${node} UID mismatch: expected ${owner.uid} got ${uid}`)
}

function isNode({ apiVersion, kind, name }: OwnerReference, node: string): boolean {
  return apiVersion === 'v1' && kind === 'Node' && name === node
}
