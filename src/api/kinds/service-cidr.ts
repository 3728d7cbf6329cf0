import type { V1ServiceCIDRSpec, V1ServiceCIDRStatus } from '@kubernetes/client-node'
import { ageColumn, nameColumn } from '../columns.ts'
import { invalid, required, type FieldError } from '../field-error.ts'
import type { Kind } from '../kind.ts'
import type { KubeObject, Wire } from '../object.ts'
import type { Resource } from '../resource.ts'
import { familyOf, validateCanonicalCIDR } from './addresses.ts'

/** Ranges that Services get their addresses from, at most one of each family. */
export interface ServiceCIDR extends KubeObject {
  spec: ServiceCIDRSpec
  status?: ServiceCIDRStatus
}

export type ServiceCIDRSpec = Wire<V1ServiceCIDRSpec>
export type ServiceCIDRStatus = Wire<V1ServiceCIDRStatus>

export const ServiceCIDRs: Resource<ServiceCIDR> = {
  group: 'networking.k8s.io',
  version: 'v1',
  kind: 'ServiceCIDR',
  plural: 'servicecidrs',
  singular: 'servicecidr',
  namespaced: false,
}

export const serviceCIDRKind: Kind<ServiceCIDR> = {
  resource: ServiceCIDRs,
  schema: 'V1ServiceCIDR',
  nameRule: 'dns-subdomain',
  hasStatus: true,

  setDefaults(range) {
    range.spec ??= {}
    range.status ??= {}
  },
  prepareCreate(range) {
    range.status = {}
  },
  prepareUpdate(next, previous) {
    next.spec ??= {}
    next.status = structuredClone(previous.status) ?? {}
  },

  validate: ({ spec }) => validateRanges(spec.cidrs ?? [], 'spec.cidrs'),
  validateUpdate: (next, previous) => validateKept(next.spec.cidrs ?? [], previous.spec.cidrs ?? [], 'spec.cidrs'),

  columns: [
    nameColumn,
    {
      name: 'CIDRs',
      type: 'string',
      description: 'The ranges.',
      priority: 0,
      cell: ({ spec }) => (spec.cidrs ?? []).join(','),
    },
    ageColumn,
  ],
}

function validateRanges(ranges: readonly string[], path: string): FieldError[] {
  if (ranges.length === 0) return [required(path, 'at least one CIDR required')]
  if (ranges.length > 2) return [invalid(path, { cidrs: ranges }, 'may only hold up to 2 values')]
  const [first, second] = ranges.map((range) => familyOf(range.split('/')[0] ?? ''))
  const sameFamily = ranges.length === 2 && first !== undefined && first === second
  const onePerFamily =
    'may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and 2001:db8::/64'
  return [
    ...ranges.flatMap((range, index) => validateCanonicalCIDR(range, `${path}[${index}]`)),
    ...(sameFamily ? [invalid(path, ranges, onePerFamily)] : []),
  ]
}

/** A range of the second family can be added; addresses of those that are there may be in use. */
function validateKept(next: readonly string[], previous: readonly string[], path: string): FieldError[] {
  const mayDiffer = next.length === previous.length || (previous.length === 1 && next.length === 2)
  if (!mayDiffer) return [invalid(path, next, 'field is immutable')]
  return previous.flatMap((range, index) =>
    next[index] === range ? [] : [invalid(`${path}[${index}]`, next[index], 'field is immutable')],
  )
}
