import { X509Certificate } from 'node:crypto'
import { duplicate, forbidden, invalid, notSupported, required, type FieldError } from '../../field-error.ts'
import type { CertificateSigningRequestCondition, CertificateSigningRequestStatus } from '../certificate-signing-request.ts'
import type { Unchecked } from '../../unchecked.ts'
import { repeated } from '../values.ts'

/** By which path a status is written: only `/approval` says Approved and Denied, only `/status` sets the certificate. */
export type StatusPath = 'approval' | 'status'

/** Verdicts stay once they are given. */
const verdicts = ['Approved', 'Denied']
const lasting = [...verdicts, 'Failed']

export function validateConditions({ conditions = [] }: CertificateSigningRequestStatus = {}): FieldError[] {
  const types = conditions.map(({ type }) => type)
  const contradicts = verdicts.every((type) => types.includes(type))
  return [
    ...conditions.flatMap((condition, index) => validateCondition(condition, `status.conditions[${index}]`)),
    ...repeated(types).map(({ value, index }) => duplicate(`status.conditions[${index}].type`, value)),
    ...(contradicts ? [invalid('status.conditions', verdicts.at(-1), 'Approved and Denied conditions are mutually exclusive')] : []),
  ]
}

function validateCondition({ type = '', status = '' }: Unchecked<CertificateSigningRequestCondition>, path: string): FieldError[] {
  const noType = type === '' ? [required(`${path}.type`)] : []
  const supported = lasting.includes(type) ? ['True'] : ['False', 'True', 'Unknown']
  if (status === '') return [...noType, required(`${path}.status`)]
  return supported.includes(status) ? noType : [...noType, notSupported(`${path}.status`, status, supported)]
}

/** What may not be changed by the one path or the other, in upstream's words. */
export function validateStatusUpdate(
  next: CertificateSigningRequestStatus,
  previous: CertificateSigningRequestStatus,
  path: StatusPath,
): FieldError[] {
  const has = ({ conditions = [] }: CertificateSigningRequestStatus, wanted: string) => conditions.some(({ type }) => type === wanted)
  const removed = lasting.filter((type) => has(previous, type) && !has(next, type))
  const added = path === 'approval' ? [] : verdicts.filter((type) => has(next, type) && !has(previous, type))
  return [
    ...removed.map((type) => forbidden('status.conditions', `updates may not remove a condition of type ${JSON.stringify(type)}`)),
    ...added.map((type) => forbidden('status.conditions', `updates may not add a condition of type ${JSON.stringify(type)}`)),
    ...validateCertificate(next.certificate ?? '', previous.certificate ?? ''),
  ]
}

/** Both are base64 of PEM, '' if there is none. */
function validateCertificate(next: string, previous: string): FieldError[] {
  const field = 'status.certificate'
  if (next === previous) return []
  if (previous !== '') return [forbidden(field, 'updates may not modify existing certificate content')]
  const blocks = Buffer.from(next, 'base64').toString().match(/-----BEGIN ([A-Z0-9 ]+)-----[^-]*-----END \1-----/g) ?? []
  if (blocks.length === 0) return [invalid(field, '<certificate data>', 'must contain at least one CERTIFICATE PEM block')]
  return blocks.flatMap((block) => {
    if (!block.startsWith('-----BEGIN CERTIFICATE-----')) {
      return [invalid(field, '<certificate data>', 'only CERTIFICATE PEM blocks are allowed')]
    }
    return isCertificate(block) ? [] : [invalid(field, '<certificate data>', 'does not parse as a certificate')]
  })
}

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).raw.length > 0
  } catch {
    return false
  }
}
