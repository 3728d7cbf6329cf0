import type {
  V1CertificateSigningRequestCondition,
  V1CertificateSigningRequestSpec,
  V1CertificateSigningRequestStatus,
} from '@kubernetes/client-node'
import { ageColumn, nameColumn } from '../columns.ts'
import { humanDuration } from '../human-duration.ts'
import type { Kind } from '../kind.ts'
import type { KubeObject, Wire } from '../object.ts'
import type { Resource } from '../resource.ts'
import type { Unchecked } from '../unchecked.ts'
import { validateSpec } from './csr/validate-spec.ts'
import { validateConditions, validateStatusUpdate } from './csr/validate-status.ts'

export interface CertificateSigningRequest extends KubeObject {
  /** Who asks is the server's to say; nothing of it changes. */
  spec: CertificateSigningRequestSpec
  status?: CertificateSigningRequestStatus
}

export type CertificateSigningRequestSpec = Wire<V1CertificateSigningRequestSpec>
export type CertificateSigningRequestStatus = Wire<V1CertificateSigningRequestStatus>
export type CertificateSigningRequestCondition = Wire<V1CertificateSigningRequestCondition>

export const CertificateSigningRequests: Resource<CertificateSigningRequest> = {
  group: 'certificates.k8s.io',
  version: 'v1',
  kind: 'CertificateSigningRequest',
  plural: 'certificatesigningrequests',
  singular: 'certificatesigningrequest',
  namespaced: false,
  shortNames: ['csr'],
}

export const certificateSigningRequestKind: Kind<CertificateSigningRequest> = {
  resource: CertificateSigningRequests,
  schema: 'V1CertificateSigningRequest',
  nameRule: 'path-segment',
  hasStatus: true,

  setDefaults(object) {
    const { spec = {} }: Unchecked<CertificateSigningRequest> = object
    object.spec = { ...(spec as CertificateSigningRequestSpec), request: spec.request ?? '', signerName: spec.signerName ?? '' }
  },
  prepareCreate(request) {
    request.status = {}
  },
  prepareUpdate(next, previous) {
    next.spec = structuredClone(previous.spec)
    next.status = structuredClone(previous.status) ?? {}
  },

  validate: ({ spec, status }) => [...validateSpec(spec), ...validateConditions(status)],
  validateStatus: (next, previous) => [
    ...validateConditions(next.status),
    ...validateStatusUpdate(next.status ?? {}, previous.status ?? {}, 'status'),
  ],

  columns: [
    nameColumn,
    ageColumn,
    {
      name: 'SignerName',
      type: 'string',
      description: 'Who is to sign.',
      priority: 0,
      cell: ({ spec }) => spec.signerName,
    },
    {
      name: 'Requestor',
      type: 'string',
      description: 'Who asked.',
      priority: 0,
      cell: ({ spec }) => spec.username ?? '',
    },
    {
      name: 'RequestedDuration',
      type: 'string',
      description: 'How long the certificate is asked to be valid.',
      priority: 0,
      cell: ({ spec: { expirationSeconds } }) => (expirationSeconds === undefined ? '<none>' : humanDuration(expirationSeconds * 1000)),
    },
    {
      name: 'Condition',
      type: 'string',
      description: 'What has been decided, and whether there is a certificate.',
      priority: 0,
      cell: formatCondition,
    },
  ],
  selectableFields: ({ spec }) => ({ 'spec.signerName': spec.signerName }),
  selectableFieldNames: ['spec.signerName'],
}

function formatCondition({ status }: CertificateSigningRequest): string {
  const has = (type: string) => status?.conditions?.some((condition) => condition.type === type) === true
  const verdict = has('Denied') ? ['Denied'] : has('Approved') ? ['Approved'] : []
  const failed = has('Failed') ? ['Failed'] : []
  const issued = (status?.certificate ?? '') === '' ? [] : ['Issued']
  const words = [...verdict, ...failed, ...issued]
  return words.length === 0 ? 'Pending' : words.join(',')
}
