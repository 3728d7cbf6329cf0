import { CertificateRequestError, parseCertificateRequest } from '../../certificate-request.ts'
import { invalid, notSupported, duplicate, required, type FieldError } from '../../field-error.ts'
import { isDNS1123Subdomain } from '../../names.ts'
import type { CertificateSigningRequestSpec } from '../certificate-signing-request.ts'
import { repeated } from '../values.ts'

/** In the order in which messages list them (certificates/v1 `KeyUsage`). */
const knownUsages: readonly string[] = [
  'any', 'cert sign', 'client auth', 'code signing', 'content commitment', 'crl sign', 'data encipherment',
  'decipher only', 'digital signature', 'email protection', 'encipher only', 'ipsec end system', 'ipsec tunnel',
  'ipsec user', 'key agreement', 'key encipherment', 'microsoft sgc', 'netscape sgc', 'ocsp signing', 's/mime',
  'server auth', 'signing', 'timestamping',
]

const leastSeconds = 600

/** The same as upstream's, in its order and words (k8s.io/kubernetes/pkg/apis/certificates/validation). */
export function validateSpec(spec: CertificateSigningRequestSpec): FieldError[] {
  return [
    ...validateRequest(spec.request),
    ...validateUsages(spec.usages ?? []),
    ...validateSignerName(spec.signerName),
    ...validateExpiration(spec.expirationSeconds),
  ]
}

/** `request` is base64 of PEM. */
function validateRequest(request: string): FieldError[] {
  try {
    parseCertificateRequest(Buffer.from(request, 'base64').toString())
    return []
  } catch (error) {
    if (!(error instanceof CertificateRequestError)) throw error
    return [invalid('spec.request', request, error.message)]
  }
}

function validateUsages(usages: readonly string[]): FieldError[] {
  if (usages.length === 0) return [required('spec.usages')]
  return [
    ...usages.flatMap((usage, index) => (knownUsages.includes(usage) ? [] : [notSupported(`spec.usages[${index}]`, usage, knownUsages)])),
    ...repeated(usages).map(({ value, index }) => duplicate(`spec.usages[${index}]`, value)),
  ]
}

const legacySigner = 'kubernetes.io/legacy-unknown'
const longestPath = 571

/** `example.com/signer-name` */
function validateSignerName(name: string): FieldError[] {
  const field = 'spec.signerName'
  if (name === '') return [required(field)]
  if (name === legacySigner) return [invalid(field, name, 'the legacy signerName is not allowed via this API version')]
  const [domain = '', path, ...more] = name.split('/')
  if (path === undefined || more.length > 0) {
    return [invalid(field, name, "must be a fully qualified domain and path of the form 'example.com/signer-name'")]
  }
  const domainProblems = isDNS1123Subdomain(domain).map((problem) =>
    invalid(field, name, `validating label ${JSON.stringify(domain)}: ${problem}`),
  )
  const few = !domain.includes('.') ? [invalid(field, domain, 'should be a domain with at least two segments separated by dots')] : []
  const pathProblems = path.split('.').flatMap((part) => isDNS1123Subdomain(part)).map((problem) =>
    invalid(field, name, `validating label ${JSON.stringify(path)}: ${problem}`),
  )
  const long = name.length > longestPath ? [invalid(field, name, `must be no more than ${longestPath} characters`)] : []
  return [...domainProblems, ...few, ...pathProblems, ...long]
}

function validateExpiration(seconds: number | undefined): FieldError[] {
  if (seconds === undefined || seconds >= leastSeconds) return []
  const problem = 'may not specify a duration less than 600 seconds (10 minutes)'
  return [invalid('spec.expirationSeconds', seconds, problem)]
}
