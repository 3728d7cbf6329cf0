import type { CoreV1EndpointPort, V1EndpointAddress, V1EndpointSubset } from '@kubernetes/client-node'
import { ageColumn, firstThree, nameColumn } from '../columns.ts'
import { required, type FieldError } from '../field-error.ts'
import type { Kind } from '../kind.ts'
import type { KubeObject, Wire } from '../object.ts'
import type { Resource } from '../resource.ts'
import type { Unchecked } from '../unchecked.ts'
import { familyOf, ipWarnings, validateIP, validateNonSpecialIP } from './addresses.ts'
import {
  validateLabel,
  validatePortNumber,
  validateProtocol,
  validateQualifiedName,
  validateSubdomain,
} from './values.ts'

export interface Endpoints extends KubeObject {
  subsets?: EndpointSubset[]
}

export type EndpointSubset = Wire<V1EndpointSubset>
export type EndpointAddress = Wire<V1EndpointAddress>
export type EndpointPort = Wire<CoreV1EndpointPort>

/** Singular and plural are one word, so the collection's constant cannot take it. */
export const EndpointsResource: Resource<Endpoints> = {
  group: '',
  version: 'v1',
  kind: 'Endpoints',
  plural: 'endpoints',
  singular: 'endpoints',
  namespaced: true,
  shortNames: ['ep'],
}

export const endpointsKind: Kind<Endpoints> = {
  resource: EndpointsResource,
  schema: 'V1Endpoints',
  nameRule: 'dns-subdomain',
  createsOnUpdate: true,
  hasStatus: false,

  setDefaults(endpoints) {
    const { subsets = [] } = endpoints
    for (const { ports = [] } of subsets) for (const port of ports) port.protocol ??= 'TCP'
    // As in Kubernetes, an empty list is left out.
    if (subsets.length === 0) delete endpoints.subsets
  },

  validate: ({ subsets = [] }) => subsets.flatMap((subset, index) => validateSubset(subset, `subsets[${index}]`)),
  warnings: ({ subsets = [] }) => subsets.flatMap((subset, index) => subsetWarnings(subset, `subsets[${index}]`)),
  deprecation: 'v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice',

  columns: [
    nameColumn,
    {
      name: 'Endpoints',
      type: 'string',
      description: 'Addresses and ports that are ready.',
      priority: 0,
      cell: formatEndpoints,
    },
    ageColumn,
  ],
}

function formatEndpoints({ subsets = [] }: Endpoints): string {
  return subsets.length === 0 ? '<none>' : firstThree(subsets.flatMap(formatSubset))
}

function formatSubset({ addresses = [], ports = [] }: EndpointSubset): string[] {
  if (ports.length === 0) return addresses.map(({ ip }) => ip) // a headless Service may have none
  return ports.flatMap(({ port }) => addresses.map(({ ip }) => joinHostPort(ip, port)))
}

function joinHostPort(ip: string, port: number): string {
  return familyOf(ip) === 'IPv6' ? `[${ip}]:${port}` : `${ip}:${port}`
}

function subsetWarnings({ addresses = [], notReadyAddresses = [] }: EndpointSubset, path: string): string[] {
  return [
    ...addresses.flatMap(({ ip }, index) => ipWarnings(ip, `${path}.addresses[${index}].ip`)),
    ...notReadyAddresses.flatMap(({ ip }, index) => ipWarnings(ip, `${path}.notReadyAddresses[${index}].ip`)),
  ]
}

function validateSubset(subset: Unchecked<EndpointSubset>, path: string): FieldError[] {
  const { addresses = [], notReadyAddresses = [], ports = [] } = subset
  const isEmpty = addresses.length + notReadyAddresses.length === 0
  return [
    ...(isEmpty ? [required(path, 'must specify `addresses` or `notReadyAddresses`')] : []),
    ...addresses.flatMap((address, index) => validateAddress(address, `${path}.addresses[${index}]`)),
    ...notReadyAddresses.flatMap((address, index) => validateAddress(address, `${path}.notReadyAddresses[${index}]`)),
    ...ports.flatMap((port, index) => validatePort(port, `${path}.ports[${index}]`, ports.length > 1)),
  ]
}

function validateAddress({ ip = '', hostname, nodeName }: Unchecked<EndpointAddress>, path: string): FieldError[] {
  return [
    ...validateIP(ip, `${path}.ip`),
    ...(hostname === undefined || hostname === '' ? [] : validateLabel(hostname, `${path}.hostname`)),
    ...(nodeName === undefined ? [] : validateSubdomain(nodeName, `${path}.nodeName`)),
    ...validateNonSpecialIP(ip, `${path}.ip`),
  ]
}

function validatePort(port: Unchecked<EndpointPort>, path: string, needsName: boolean): FieldError[] {
  const { name = '', appProtocol } = port
  const unnamed = needsName ? [required(`${path}.name`)] : []
  return [
    ...(name === '' ? unnamed : validateLabel(name, `${path}.name`)),
    ...validatePortNumber(port.port, `${path}.port`),
    ...validateProtocol(port.protocol, `${path}.protocol`),
    ...(appProtocol === undefined ? [] : validateQualifiedName(appProtocol, `${path}.appProtocol`)),
  ]
}
