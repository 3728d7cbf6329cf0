import { type CertificateRequest, CertificateRequestError, parseCertificateRequest } from '../../api/certificate-request.ts'
import type { CertificateSigningRequest } from '../../api/kinds/certificate-signing-request.ts'

/** What the text in the object asks for; undefined if it cannot be read, which the server does not store. */
export function requestIn({ spec }: CertificateSigningRequest): CertificateRequest | undefined {
  try {
    return parseCertificateRequest(Buffer.from(spec.request, 'base64').toString())
  } catch (error) {
    if (!(error instanceof CertificateRequestError)) throw error
    return undefined
  }
}

export function hasCondition({ status }: CertificateSigningRequest, ...types: readonly string[]): boolean {
  return status?.conditions?.some(({ type }) => types.includes(type)) === true
}

export function isIssued({ status }: CertificateSigningRequest): boolean {
  return (status?.certificate ?? '') !== ''
}
