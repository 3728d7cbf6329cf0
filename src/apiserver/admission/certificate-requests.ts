import {
  type CertificateSigningRequest,
  CertificateSigningRequests,
} from '../../api/kinds/certificate-signing-request.ts'
import { CertificateRequestError, parseCertificateRequest } from '../../api/certificate-request.ts'
import { groupResource } from '../../api/resource.ts'
import type { Authorizer } from '../authorization/authorizer.ts'
import { refusal } from '../authorization/write-refusal.ts'
import type { AdmissionStep, AdmissionWrite } from './admission.ts'

/**
 * What upstream's plugins CertificateApproval, CertificateSigning and CertificateSubjectRestriction look at: who may
 * approve and sign for a signer, and that nobody becomes an administrator by a request. A new one is told who made it.
 */
export function certificateRequests(authorizer: Authorizer): AdmissionStep {
  return {
    name: 'certificate-requests',
    admit(write) {
      if (groupResource(write.kind.resource) !== groupResource(CertificateSigningRequests)) return
      const request = write.object as CertificateSigningRequest
      if (write.operation === 'create') {
        stampRequester(request, write)
        restrictSubject(request, write)
      }
      if (write.operation !== 'update') return
      if (write.subresource === 'approval') require(authorizer, 'approve', request, write)
      if (write.subresource === 'status' && isSigned(write)) require(authorizer, 'sign', request, write)
    },
  }
}

function stampRequester({ spec }: CertificateSigningRequest, { user }: AdmissionWrite): void {
  for (const field of ['username', 'uid', 'groups', 'extra'] as const) delete spec[field]
  spec.username = user.name
  spec.groups = [...user.groups]
  if (user.uid !== undefined) spec.uid = user.uid
  if (user.extra !== undefined) spec.extra = Object.fromEntries(Object.entries(user.extra).map(([key, values]) => [key, [...values]]))
}

const clientSigner = 'kubernetes.io/kube-apiserver-client'
const administrators = 'system:masters'

function restrictSubject({ spec }: CertificateSigningRequest, write: AdmissionWrite): void {
  if (spec.signerName !== clientSigner || !organizationsOf(spec.request).includes(administrators)) return
  throw refusal(write, `use of ${clientSigner} signer with ${administrators} group is not allowed`)
}

/** None of a request that cannot be read: validation says so. */
function organizationsOf(request: string): readonly string[] {
  try {
    return parseCertificateRequest(Buffer.from(request, 'base64').toString()).organizations
  } catch (error) {
    if (!(error instanceof CertificateRequestError)) throw error
    return []
  }
}

/** Whether a certificate is set, or it is said that there will be none. */
function isSigned({ object, previous }: AdmissionWrite): boolean {
  const told = ({ status }: CertificateSigningRequest) =>
    JSON.stringify([status?.certificate ?? '', status?.conditions?.find(({ type }) => type === 'Failed')])
  return previous !== undefined && told(object as CertificateSigningRequest) !== told(previous as CertificateSigningRequest)
}

function require(authorizer: Authorizer, verb: 'approve' | 'sign', { spec }: CertificateSigningRequest, write: AdmissionWrite): void {
  const { signerName } = spec
  const anyOfDomain = `${signerName.split('/')[0] ?? ''}/*`
  const allowed = [signerName, anyOfDomain].some((name) => {
    const { group } = CertificateSigningRequests
    return authorizer.authorize({ user: write.user, verb, group, resource: 'signers', subresource: '', namespace: '', name }).allowed
  })
  if (!allowed) throw refusal(write, `user not permitted to ${verb} requests with signerName ${JSON.stringify(signerName)}`)
}
