import { notFound } from '../../api/errors.ts'
import { semanticallyEqual } from '../../api/equality.ts'
import { Leases } from '../../api/kinds/lease.ts'
import { type Node, Nodes } from '../../api/kinds/node.ts'
import { type Pod, Pods } from '../../api/kinds/pod.ts'
import { ServiceAccounts } from '../../api/kinds/service-account.ts'
import type { KubeObject } from '../../api/object.ts'
import { groupResource } from '../../api/resource.ts'
import type { AdmissionStep, AdmissionWrite } from '../admission/admission.ts'
import type { TokenRequest } from '../authentication/token-request.ts'
import type { ObjectStore } from '../objects.ts'
import type { Authorizer } from './authorizer.ts'
import { checkMirrorPod } from './mirror-pod-restriction.ts'
import { nodeOf } from './node-identity.ts'
import { changedLabels, labelsKeptFromNodes } from './node-labels.ts'
import { refusal } from './write-refusal.ts'

export interface NodeRestrictionDeps {
  readonly objects: ObjectStore
  readonly authorizer: Authorizer
}

/**
 * What a node writes concerns itself and its own pods: the other half of `node-authorizer.ts`, which does not see the
 * objects (https://kubernetes.io/docs/reference/access-authn-authz/admission-controllers/#noderestriction).
 */
export function nodeRestriction(deps: NodeRestrictionDeps): AdmissionStep {
  return {
    name: 'node-restriction',
    async admit(write) {
      const node = nodeOf(write.user)
      if (node === undefined) return
      switch (groupResource(write.kind.resource)) {
        case groupResource(Pods):
          return admitPod(node, write, deps)
        case groupResource(Nodes):
          return admitNode(node, write)
        case groupResource(ServiceAccounts):
          return write.subresource === 'token' ? admitToken(node, write, deps) : undefined
        case groupResource(Leases):
          return admitLease(node, write)
        default:
      }
    },
  }
}

async function admitPod(node: string, write: AdmissionWrite, { objects }: NodeRestrictionDeps): Promise<void> {
  const { subresource, operation } = write
  const own = JSON.stringify(node)
  const isOwn = ((write.previous as Pod | undefined)?.spec.nodeName ?? '') === node
  switch (subresource) {
    case undefined:
      if (operation === 'create') return checkMirrorPod(node, write, objects)
      if (operation === 'update') {
        const what = `unexpected operation "UPDATE", node ${own} can only create and delete mirror pods`
        throw refusal(write, what)
      }
      if (isOwn) return
      throw refusal(write, `node ${own} can only delete pods with spec.nodeName set to itself`)
    case 'status':
      if (!isOwn) {
        throw refusal(write, `node ${own} can only update pod status for pods with spec.nodeName set to itself`)
      }
      if (changedLabels(write.object, write.previous).length > 0) {
        throw refusal(write, `node ${own} cannot update labels through pod status`)
      }
      return
    default: {
      const only = "only 'status' and 'eviction' are allowed"
      throw refusal(write, `unexpected pod subresource ${JSON.stringify(subresource)}, ${only}`)
    }
  }
}

function admitNode(node: string, write: AdmissionWrite): void {
  const { operation, object, previous } = write
  const own = JSON.stringify(node)
  if (object.metadata.name !== node) {
    throw refusal(write, `node ${own} is not allowed to modify node ${JSON.stringify(object.metadata.name)}`)
  }
  if (operation === 'delete') return
  // All other nodes have a route to what is said to be its pods: by its range a node would draw others' traffic to it.
  if (!semanticallyEqual(podRangesOf(object), podRangesOf(previous))) {
    throw refusal(write, `node ${own} is not allowed to choose its pod range`)
  }
  const kept = labelsKeptFromNodes(changedLabels(object, previous))
  if (operation === 'create') {
    if (kept.length === 0) return
    throw refusal(write, `node ${own} is not allowed to set the following labels: ${kept.join(', ')}`)
  }
  // By its taints a node would choose what runs on it.
  if (!semanticallyEqual((object as Node).spec?.taints, (previous as Node).spec?.taints)) {
    throw refusal(write, `node ${own} is not allowed to modify taints`)
  }
  if (kept.length > 0) throw refusal(write, `is not allowed to modify labels: ${kept.join(', ')}`)
}

/** None of a Node that is about to be made. */
function podRangesOf(node: KubeObject | undefined): object {
  const { podCIDR, podCIDRs = [] } = (node as Node | undefined)?.spec ?? {}
  return { podCIDR: podCIDR ?? '', podCIDRs }
}

function admitLease(node: string, write: AdmissionWrite): void {
  const { name, namespace } = write.object.metadata
  if (namespace !== 'kube-node-lease') {
    throw refusal(write, 'can only access leases in the "kube-node-lease" system namespace')
  }
  if (name !== node) throw refusal(write, 'can only access node lease with the same name as the requesting node')
}

/** A node gets tokens for its own pods only, and only for audiences that they ask for. */
async function admitToken(node: string, write: AdmissionWrite, deps: NodeRestrictionDeps): Promise<void> {
  const { boundObjectRef, audiences = [] } = (write.object as TokenRequest).spec
  const { apiVersion, kind, name = '', uid = '' } = boundObjectRef ?? {}
  if (apiVersion !== 'v1' || kind !== 'Pod' || name === '') {
    throw refusal(write, 'node requested token not bound to a pod')
  }
  if (uid === '') throw refusal(write, 'node requested token with a pod binding without a uid')
  const stored = await deps.objects.get(Pods, write.object.metadata.namespace, name)
  if (stored === undefined) throw notFound(Pods, name)
  const pod = stored.object as Pod
  if (pod.metadata.uid !== uid) {
    const later = 'The object might have been deleted and then recreated'
    throw refusal(write, `the UID in the bound object reference (${uid}) does not match the UID in record. ${later}`)
  }
  if (pod.spec.nodeName !== node) {
    throw refusal(write, 'node requested token bound to a pod scheduled on a different node')
  }
  if (audiences.length > 1) throw refusal(write, 'node may only request 0 or 1 audiences')
  const [audience = ''] = audiences
  if (!projectedAudiences(pod).includes(audience) && !mayRequest(audience, write, deps.authorizer)) {
    const who = `${write.user.name} is not authorized to request tokens for this audience`
    throw refusal(write, `audience ${JSON.stringify(audience)} not found in pod spec volume, ${who}`)
  }
}

/** '' stands for the API server itself, which every pod may be given a token for. */
function projectedAudiences({ spec }: Pod): readonly string[] {
  const sources = (spec.volumes ?? []).flatMap(({ projected }) => projected?.sources ?? [])
  return ['', ...sources.flatMap(({ serviceAccountToken }) => serviceAccountToken?.audience ?? [])]
}

function mayRequest(audience: string, { user, object }: AdmissionWrite, authorizer: Authorizer): boolean {
  const { name, namespace = '' } = object.metadata
  const verb = 'request-serviceaccounts-token-audience'
  return authorizer.authorize({ user, verb, group: '', resource: audience, subresource: '', namespace, name }).allowed
}
