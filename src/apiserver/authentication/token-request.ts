import type { V1TokenRequestSpec } from '@kubernetes/client-node'
import { randomUUID } from 'node:crypto'
import { badRequest, conflict, invalidObject, notFound } from '../../api/errors.ts'
import { type FieldError, invalid } from '../../api/field-error.ts'
import { Nodes } from '../../api/kinds/node.ts'
import { type Pod, Pods } from '../../api/kinds/pod.ts'
import { Secrets } from '../../api/kinds/secret.ts'
import { ServiceAccounts } from '../../api/kinds/service-account.ts'
import type { KubeObject, Wire } from '../../api/object.ts'
import { groupResource, type Resource } from '../../api/resource.ts'
import { admitThen } from '../admission/admission.ts'
import { decodeBody } from '../body.ts'
import type { ApiContext, ResourceRequest } from '../context.ts'
import { json } from '../request.ts'
import type { Subresource } from '../subresources/subresource.ts'
import { timestamp } from '../verbs/create.ts'
import { serviceAccountUser } from './service-account-user.ts'
import type { KubernetesClaims, ObjectClaim } from './token-claims.ts'

export interface TokenRequest extends KubeObject {
  spec: Wire<V1TokenRequestSpec>
}

const TokenRequests: Resource<TokenRequest> = {
  group: 'authentication.k8s.io',
  version: 'v1',
  kind: 'TokenRequest',
  plural: 'tokenrequests',
  singular: 'tokenrequest',
  namespaced: true,
}

const defaultSeconds = 3600
/** What the automatic volume asks for. Its readers may never read it again, so such a token is good for a year. */
const automaticSeconds = 3607
const extendedSeconds = 365 * 24 * 3600

/** `serviceaccounts/NAME/token`: makes a token, `kubectl create token`. */
export const tokenSubresource: Subresource = {
  name: 'token',
  kind: 'TokenRequest',
  group: TokenRequests.group,
  version: TokenRequests.version,
  verbs: ['create'],
  appliesTo: ({ kind: { resource } }) => groupResource(resource) === groupResource(ServiceAccounts),
  async serve(context, resource) {
    const account = await accountOf(context, resource)
    const { object, warnings } = decodeBody(context, tokenRequestForm, resource.request)
    const asked = completed(object as TokenRequest, account, context.clock.now())
    const { kind, request } = resource
    const { user } = request
    const write = { operation: 'create', kind, subresource: 'token', user, object: asked, previous: undefined } as const
    const answer = await admitThen(context.admission, write, true, () => issue(context, account, asked))
    return json(answer, 201, warnings)
  },
}

const tokenRequestForm = { resource: TokenRequests, schema: 'AuthenticationV1TokenRequest', view: undefined }

async function accountOf(context: ApiContext, { path }: ResourceRequest): Promise<KubeObject> {
  const name = path.name ?? ''
  const stored = await context.objects.get(ServiceAccounts, path.namespace, name)
  if (stored === undefined) throw notFound(ServiceAccounts, name)
  return stored.object
}

/** Fills in what the client has left out. Throws 400 and 422. */
function completed(request: TokenRequest, { metadata }: KubeObject, now: Date): TokenRequest {
  const { name, namespace } = metadata
  const given = request.metadata
  if ((given.name ?? '') !== '' && given.name !== name) {
    throw badRequest('name in the token request does not match the name on the URL')
  }
  if ((given.namespace ?? '') !== '' && given.namespace !== namespace) {
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request')
  }
  const spec = request.spec ?? {}
  const { audiences = [], expirationSeconds = defaultSeconds } = spec
  const errors = secondsProblems(expirationSeconds)
  if (errors.length > 0) throw invalidObject(TokenRequests, '', errors)
  const creationTimestamp = timestamp(now)
  const own = { name, ...(namespace !== undefined && { namespace }), creationTimestamp }
  return {
    kind: TokenRequests.kind,
    apiVersion: 'authentication.k8s.io/v1',
    // It is never stored, so it has neither uid nor version.
    metadata: own as KubeObject['metadata'],
    spec: { ...spec, audiences, expirationSeconds },
  }
}

function secondsProblems(seconds: number): FieldError[] {
  const path = 'spec.expirationSeconds'
  if (seconds < 600) return [invalid(path, seconds, 'may not specify a duration less than 10 minutes')]
  if (seconds > 2 ** 32) return [invalid(path, seconds, 'may not specify a duration larger than 2^32 seconds')]
  return []
}

/** The answer to a request that may be granted: the same with its status. */
async function issue(context: ApiContext, { metadata }: KubeObject, request: TokenRequest) {
  const { access, clock } = context
  const { name, uid, namespace = '' } = metadata
  const { boundObjectRef, expirationSeconds: seconds = defaultSeconds } = request.spec
  const bound = await boundObjects(context, metadata, boundObjectRef)
  const own = access.tokens.audiences
  const { audiences: asked = [] } = request.spec
  const audiences = asked.length === 0 ? [...own] : asked
  const isForUs = audiences.every((audience) => own.includes(audience))
  const isExtended = bound.pod !== undefined && seconds === automaticSeconds && isForUs
  const now = Math.floor(clock.now().getTime() / 1000)
  const token = await access.tokens.keys.sign({
    iss: access.tokens.issuer,
    sub: serviceAccountUser(namespace, name),
    aud: audiences,
    iat: now,
    nbf: now,
    exp: now + (isExtended ? extendedSeconds : seconds),
    jti: randomUUID(),
    'kubernetes.io': {
      namespace,
      serviceaccount: { name, uid },
      ...bound,
      ...(isExtended && { warnafter: now + seconds }),
    },
  })
  const expirationTimestamp = timestamp(new Date((now + seconds) * 1000))
  return { ...request, spec: { ...request.spec, audiences }, status: { token, expirationTimestamp } }
}

export type BoundReference = TokenRequest['spec']['boundObjectRef']

/** What the token is to be worth nothing without. Throws a 404, or a 409 if the object is another by now. */
async function boundObjects(
  context: ApiContext,
  account: KubeObject['metadata'],
  reference: BoundReference,
): Promise<Pick<KubernetesClaims, 'pod' | 'secret' | 'node'>> {
  if (reference === undefined) return {}
  const { apiVersion = 'v1', kind = '' } = reference
  switch (apiVersion === 'v1' ? kind : '') {
    case 'Pod': {
      const pod = (await boundObject(context, Pods, account.namespace, reference)) as Pod
      const runsAs = pod.spec.serviceAccountName ?? ''
      if (runsAs !== account.name) {
        const names = `${JSON.stringify(account.name)} to pod running with different serviceaccount name.`
        throw badRequest(`cannot bind token for serviceaccount ${names}`)
      }
      return { pod: claimOf(pod), ...(await nodeClaim(context, pod.spec.nodeName ?? '')) }
    }
    case 'Secret':
      return { secret: claimOf(await boundObject(context, Secrets, account.namespace, reference)) }
    case 'Node':
      return { node: claimOf(await boundObject(context, Nodes, undefined, reference)) }
    default:
      throw badRequest(`cannot bind token to object of type ${apiVersion}, Kind=${kind}`)
  }
}

async function boundObject(
  { objects }: ApiContext,
  resource: Resource,
  namespace: string | undefined,
  { name = '', uid = '' }: NonNullable<BoundReference>,
): Promise<KubeObject> {
  const stored = await objects.get(resource, namespace, name)
  if (stored === undefined) throw notFound(resource, name)
  if (uid === '' || uid === stored.object.metadata.uid) return stored.object
  const why = `the UID in the bound object reference (${uid}) does not match the UID in record`
  const later = 'The object might have been deleted and then recreated'
  throw conflict({ group: '', plural: resource.kind }, name, `${why}. ${later}`)
}

/** The node that the pod is bound to; without its uid if there is no such Node yet. */
async function nodeClaim({ objects }: ApiContext, name: string): Promise<{ node?: ObjectClaim }> {
  if (name === '') return {}
  const stored = await objects.get(Nodes, undefined, name)
  return { node: stored === undefined ? { name, uid: '' } : claimOf(stored.object) }
}

function claimOf({ metadata }: KubeObject): ObjectClaim {
  return { name: metadata.name, uid: metadata.uid }
}
