import type { V1LeaseSpec } from '@kubernetes/client-node'
import { ageColumn, nameColumn } from '../columns.ts'
import { invalid, type FieldError } from '../field-error.ts'
import type { Kind } from '../kind.ts'
import type { KubeObject, Wire } from '../object.ts'
import type { Resource } from '../resource.ts'
import { validateNonNegative } from './values.ts'

export interface Lease extends KubeObject {
  spec?: LeaseSpec
}

export type LeaseSpec = Wire<V1LeaseSpec>

export const Leases: Resource<Lease> = {
  group: 'coordination.k8s.io',
  version: 'v1',
  kind: 'Lease',
  plural: 'leases',
  singular: 'lease',
  namespaced: true,
}

export const leaseKind: Kind<Lease> = {
  resource: Leases,
  schema: 'V1Lease',
  nameRule: 'dns-subdomain',
  createsOnUpdate: true,
  hasStatus: false,

  setDefaults(lease) {
    lease.spec ??= {}
  },

  validate: ({ spec = {} }) => [
    ...validateDuration(spec.leaseDurationSeconds),
    ...validateNonNegative(spec.leaseTransitions, 'spec.leaseTransitions'),
    ...validatePreferredHolder(spec),
  ],

  columns: [
    nameColumn,
    {
      name: 'Holder',
      type: 'string',
      description: 'Who holds the lease.',
      priority: 0,
      cell: ({ spec }) => spec?.holderIdentity ?? '',
    },
    ageColumn,
  ],
}

function validateDuration(seconds: number | undefined): FieldError[] {
  if (seconds === undefined || seconds > 0) return []
  return [invalid('spec.leaseDurationSeconds', seconds, 'must be greater than 0')]
}

function validatePreferredHolder({ preferredHolder = '', strategy = '' }: LeaseSpec): FieldError[] {
  if (preferredHolder === '' || strategy !== '') return []
  const problem = 'may only be specified when `strategy` is defined'
  return [invalid('spec.preferredHolder', preferredHolder, problem)]
}
