import type { V1ServicePort, V1ServiceSpec, V1ServiceStatus } from '@kubernetes/client-node'
import { ageColumn, nameColumn } from '../columns.ts'
import type { Kind } from '../kind.ts'
import type { KubeObject, Wire } from '../object.ts'
import type { Resource } from '../resource.ts'
import { formatLabels } from '../selectors.ts'
import { setServiceDefaults } from './service-spec/defaults.ts'
import { alignClusterIPs, dropUseless, keepAllotted } from './service-spec/transitions.ts'
import { validateServiceStatus } from './service-spec/validate-status.ts'
import { validateServiceUpdate } from './service-spec/validate-update.ts'
import { validateService } from './service-spec/validate.ts'
import { serviceWarnings } from './service-spec/warnings.ts'

export interface Service extends KubeObject {
  spec: ServiceSpec
  status?: ServiceStatus
}

export type ServiceSpec = Wire<V1ServiceSpec>
export type ServicePort = Wire<V1ServicePort>
export type ServiceStatus = Wire<V1ServiceStatus>

export const Services: Resource<Service> = {
  group: '',
  version: 'v1',
  kind: 'Service',
  plural: 'services',
  singular: 'service',
  namespaced: true,
  shortNames: ['svc'],
  categories: ['all'],
}

export const serviceKind: Kind<Service> = {
  resource: Services,
  schema: 'V1Service',
  nameRule: 'dns-1035-label',
  createsOnUpdate: true,
  hasStatus: true,

  setDefaults: setServiceDefaults,
  prepareCreate(service) {
    service.status = { loadBalancer: {} }
  },
  prepareUpdate(next, previous) {
    next.spec ??= {}
    next.spec.type ??= 'ClusterIP'
    keepStatus(next, previous)
    alignClusterIPs(next.spec, previous.spec)
    keepAllotted(next.spec, previous.spec)
    setServiceDefaults(next)
    dropUseless(next.spec, previous.spec)
  },

  validate: validateService,
  validateUpdate: validateServiceUpdate,
  validateStatus: validateServiceStatus,
  warnings: serviceWarnings,

  columns: [
    nameColumn,
    {
      name: 'Type',
      type: 'string',
      description: 'How the service is reached.',
      priority: 0,
      cell: ({ spec }) => spec.type ?? '',
    },
    {
      name: 'Cluster-IP',
      type: 'string',
      description: 'Address inside the cluster, or None for a headless service.',
      priority: 0,
      cell: ({ spec }) => spec.clusterIPs?.[0] ?? '<none>',
    },
    {
      name: 'External-IP',
      type: 'string',
      description: 'Addresses or name outside the cluster.',
      priority: 0,
      cell: formatExternalIP,
    },
    {
      name: 'Port(s)',
      type: 'string',
      description: 'Ports, each with its node port and protocol.',
      priority: 0,
      cell: ({ spec }) => (spec.ports ?? []).map(formatPort).join(',') || '<none>',
    },
    ageColumn,
    {
      name: 'Selector',
      type: 'string',
      description: 'Labels of the pods behind it.',
      priority: 1,
      cell: ({ spec }) => formatLabels(spec.selector),
    },
  ],
  selectableFields: ({ spec }) => ({ 'spec.clusterIP': spec.clusterIP ?? '', 'spec.type': spec.type ?? '' }),
  selectableFieldNames: ['spec.clusterIP', 'spec.type'],
}

/** A Service that is no longer a load balancer loses its addresses at once, though releasing them may take a while. */
function keepStatus(next: Service, previous: Service): void {
  next.status = structuredClone(previous.status) ?? {}
  if (next.spec.type !== 'LoadBalancer') next.status.loadBalancer = {}
}

function formatExternalIP({ spec, status }: Service): string {
  const { type, externalIPs = [], externalName = '' } = spec
  switch (type) {
    case 'ClusterIP':
    case 'NodePort':
      return externalIPs.join(',') || '<none>'
    case 'LoadBalancer':
      return [...loadBalancerAddresses(status), ...externalIPs].join(',') || '<pending>'
    case 'ExternalName':
      return externalName
    default:
      return '<unknown>'
  }
}

function loadBalancerAddresses(status: ServiceStatus | undefined): string[] {
  const addresses = (status?.loadBalancer?.ingress ?? []).map(({ ip, hostname }) => ip || hostname || '')
  return [...new Set(addresses)].filter((address) => address !== '').sort()
}

function formatPort({ port, nodePort = 0, protocol = '' }: ServicePort): string {
  return nodePort > 0 ? `${port}:${nodePort}/${protocol}` : `${port}/${protocol}`
}
