import type { AlternativeNames, SubjectAttribute } from '../../api/certificate-request.ts'

/** Holds the cluster's authority: controllers know what is to be signed, not with what. */
export interface CertificateSigner {
  /** Resolves to the certificate, PEM. It ends with the authority's own if that comes first. */
  sign(order: CertificateOrder): Promise<string>
}

export interface CertificateOrder {
  readonly subject: readonly SubjectAttribute[]
  readonly names: AlternativeNames
  /** SubjectPublicKeyInfo in DER. */
  readonly publicKey: Buffer
  /** `client auth`, `server auth`, `digital signature`, `key encipherment`; checked before. */
  readonly usages: readonly string[]
  readonly seconds: number
}
