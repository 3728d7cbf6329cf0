import type { Ingress } from '../../api/kinds/ingress.ts'

/** What is wrong with an Ingress, as its Events say it. Everything else in it is served all the same. */
export interface Problem {
  readonly ingress: Ingress
  readonly reason: Reason
  readonly message: string
}

export type Reason =
  | 'InvalidAnnotation'
  | 'HostConflict'
  | 'PathConflict'
  | 'InvalidHost'
  | 'InvalidPath'
  | 'UnsupportedBackend'
  | 'ServiceNotFound'
  | 'NameNotResolved'
  | 'RequestLoop'
  | 'SecretNotFound'
  | 'InvalidCertificate'
  | 'CertificateConflict'
  | 'CertificateMismatch'
  | 'InvalidCanary'
  | 'RefusedByHAProxy'
