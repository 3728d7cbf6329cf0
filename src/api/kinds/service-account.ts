import type { V1LocalObjectReference, V1ObjectReference } from '@kubernetes/client-node'
import { ageColumn, nameColumn } from '../columns.ts'
import type { Kind } from '../kind.ts'
import type { KubeObject, Wire } from '../object.ts'
import type { Resource } from '../resource.ts'

export interface ServiceAccount extends KubeObject {
  secrets?: Wire<V1ObjectReference>[]
  imagePullSecrets?: Wire<V1LocalObjectReference>[]
  automountServiceAccountToken?: boolean
}

export const ServiceAccounts: Resource<ServiceAccount> = {
  group: '',
  version: 'v1',
  kind: 'ServiceAccount',
  plural: 'serviceaccounts',
  singular: 'serviceaccount',
  namespaced: true,
  shortNames: ['sa'],
}

export const serviceAccountKind: Kind<ServiceAccount> = {
  resource: ServiceAccounts,
  schema: 'V1ServiceAccount',
  nameRule: 'dns-subdomain',
  hasStatus: false,

  validate: () => [],

  columns: [
    nameColumn,
    {
      name: 'Secrets',
      type: 'string',
      description: 'Number of secrets that pods of this account may use.',
      priority: 0,
      cell: ({ secrets = [] }) => secrets.length,
    },
    ageColumn,
  ],
}
