import type { V1IngressBackend, V1IngressSpec, V1IngressStatus } from '@kubernetes/client-node'
import { ageColumn, nameColumn } from '../columns.ts'
import { semanticallyEqual } from '../equality.ts'
import { startGeneration, stepGeneration } from '../generation.ts'
import type { Kind } from '../kind.ts'
import type { KubeObject, Wire } from '../object.ts'
import type { Resource } from '../resource.ts'
import { validateIngressStatus } from './ingress-spec/status.ts'
import { ingressClassAnnotation, validateIngress } from './ingress-spec/validate.ts'

export interface Ingress extends KubeObject {
  spec: IngressSpec
  status?: IngressStatus
}

export type IngressSpec = Wire<V1IngressSpec>
export type IngressStatus = Wire<V1IngressStatus>
export type IngressBackend = Wire<V1IngressBackend>

export const Ingresses: Resource<Ingress> = {
  group: 'networking.k8s.io',
  version: 'v1',
  kind: 'Ingress',
  plural: 'ingresses',
  singular: 'ingress',
  namespaced: true,
  shortNames: ['ing'],
}

export const ingressKind: Kind<Ingress> = {
  resource: Ingresses,
  schema: 'V1Ingress',
  nameRule: 'dns-subdomain',
  hasStatus: true,

  setDefaults,
  prepareCreate(ingress) {
    startGeneration(ingress)
    ingress.status = { loadBalancer: {} }
  },
  prepareUpdate(next, previous) {
    setDefaults(next)
    next.status = structuredClone(previous.status) ?? { loadBalancer: {} }
    stepGeneration(next, previous, !semanticallyEqual(next.spec, previous.spec))
  },

  validate: validateIngress,
  validateStatus: ({ status = {} }) => validateIngressStatus(status),
  warnings({ metadata, spec }, previous) {
    const isOld = metadata.annotations?.[ingressClassAnnotation] !== undefined && spec.ingressClassName === undefined
    const advice = "please use 'spec.ingressClassName' instead"
    return previous === undefined && isOld ? [`annotation "${ingressClassAnnotation}" is deprecated, ${advice}`] : []
  },

  columns: [
    nameColumn,
    {
      name: 'Class',
      type: 'string',
      description: 'The class, whose controller serves the Ingress.',
      priority: 0,
      cell: ({ spec }) => spec.ingressClassName ?? '<none>',
    },
    {
      name: 'Hosts',
      type: 'string',
      description: 'Hosts that it has rules for; an asterisk for all hosts.',
      priority: 0,
      cell: formatHosts,
    },
    {
      name: 'Address',
      type: 'string',
      description: 'Addresses at which it is reached.',
      priority: 0,
      cell: formatAddresses,
    },
    {
      name: 'Ports',
      type: 'string',
      description: 'Ports that are open: 443 only with certificates.',
      priority: 0,
      cell: ({ spec }) => ((spec.tls ?? []).length > 0 ? '80, 443' : '80'),
    },
    ageColumn,
  ],
}

function setDefaults(ingress: Ingress): void {
  ingress.spec ??= {}
  ingress.status ??= { loadBalancer: {} }
}

const shownHosts = 3

/** Rules without a host are not shown, but are counted among those that there was no room for. */
function formatHosts({ spec }: Ingress): string {
  const rules = spec.rules ?? []
  const hosts: string[] = []
  let hasMore = false
  for (const { host = '' } of rules) {
    hasMore ||= hosts.length === shownHosts
    if (!hasMore && host !== '') hosts.push(host)
  }
  const shown = hosts.join(',') || '*'
  return hasMore ? `${shown} + ${rules.length - shownHosts} more...` : shown
}

function formatAddresses({ status }: Ingress): string {
  const addresses = (status?.loadBalancer?.ingress ?? []).map(({ ip, hostname }) => ip || hostname || '')
  return [...new Set(addresses)].filter((address) => address !== '').sort().join(',')
}
