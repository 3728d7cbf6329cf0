import type { V1IPAddressSpec, V1ParentReference } from '@kubernetes/client-node'
import { nameColumn } from '../columns.ts'
import { required, type FieldError } from '../field-error.ts'
import type { Kind } from '../kind.ts'
import { isPathSegmentName } from '../names.ts'
import type { KubeObject, Wire } from '../object.ts'
import { groupResource, type Resource } from '../resource.ts'
import type { Unchecked } from '../unchecked.ts'
import { validateCanonicalIP } from './addresses.ts'
import { checked, validateImmutable, validateSubdomain } from './values.ts'

/** An address that is taken. Its name is the address, so that no two can take the same. */
export interface IPAddress extends KubeObject {
  spec: IPAddressSpec
}

export type IPAddressSpec = Wire<V1IPAddressSpec>

export const IPAddresses: Resource<IPAddress> = {
  group: 'networking.k8s.io',
  version: 'v1',
  kind: 'IPAddress',
  plural: 'ipaddresses',
  singular: 'ipaddress',
  namespaced: false,
  shortNames: ['ip'],
}

export const ipAddressKind: Kind<IPAddress> = {
  resource: IPAddresses,
  schema: 'V1IPAddress',
  nameRule: 'path-segment',
  hasStatus: false,

  setDefaults(address) {
    address.spec ??= {} as IPAddressSpec
  },

  validate({ metadata, spec }) {
    const { parentRef }: Unchecked<IPAddressSpec> = spec
    return [
      ...validateCanonicalIP(metadata.name, 'metadata.name'),
      ...(parentRef === undefined ? [required('spec.parentRef')] : validateParent(parentRef, 'spec.parentRef')),
    ]
  },
  validateUpdate: (next, previous) => validateImmutable(next.spec.parentRef, previous.spec.parentRef, 'spec.parentRef'),

  columns: [
    nameColumn,
    {
      name: 'ParentRef',
      type: 'string',
      description: 'The object that has taken the address.',
      priority: 0,
      cell: ({ spec }) => formatParent(spec.parentRef),
    },
  ],
}

function validateParent(parent: Unchecked<Wire<V1ParentReference>>, path: string): FieldError[] {
  const { group = '', resource = '', name = '', namespace = '' } = parent
  const segment = (value: string, field: string) => checked(value, `${path}.${field}`, isPathSegmentName)
  return [
    ...(group === '' ? [] : validateSubdomain(group, `${path}.group`)),
    ...(resource === '' ? [required(`${path}.resource`)] : segment(resource, 'resource')),
    ...(name === '' ? [required(`${path}.name`)] : segment(name, 'name')),
    ...segment(namespace, 'namespace'),
  ]
}

/** `services/default/kubernetes` */
function formatParent({ group = '', resource, namespace = '', name }: Wire<V1ParentReference>): string {
  const what = groupResource({ group, plural: resource }).toLowerCase()
  return [what, ...(namespace === '' ? [] : [namespace]), name].join('/')
}
