import type { DiscoveryV1EndpointPort, V1Endpoint, V1EndpointHints } from '@kubernetes/client-node'
import { ageColumn, firstThree, nameColumn } from '../columns.ts'
import { semanticallyEqual } from '../equality.ts'
import { duplicate, invalid, required, tooMany, type FieldError } from '../field-error.ts'
import { startGeneration, stepGeneration } from '../generation.ts'
import type { Kind } from '../kind.ts'
import { validateLabels } from '../metadata.ts'
import { isDNS1123Label, isDNS1123Subdomain, isLabelValue } from '../names.ts'
import type { KubeObject, Wire } from '../object.ts'
import type { Resource } from '../resource.ts'
import type { Unchecked } from '../unchecked.ts'
import { familyOf, type IPFamily, ipWarnings, validateIP, validateNonSpecialIP } from './addresses.ts'
import {
  checked,
  repeated,
  validateEnum,
  validateImmutable,
  validateLabel,
  validatePortNumber,
  validateProtocol,
  validateQualifiedName,
  validateSubdomain,
} from './values.ts'

export interface EndpointSlice extends KubeObject {
  /** IPv4, IPv6 or FQDN: what every address of the slice is. */
  addressType: string
  endpoints: Endpoint[]
  ports?: SlicePort[]
}

/** Whose endpoints a slice has. */
export const serviceNameLabel = 'kubernetes.io/service-name'

export type Endpoint = Wire<V1Endpoint>
export type SlicePort = Wire<DiscoveryV1EndpointPort>

export const EndpointSlices: Resource<EndpointSlice> = {
  group: 'discovery.k8s.io',
  version: 'v1',
  kind: 'EndpointSlice',
  plural: 'endpointslices',
  singular: 'endpointslice',
  namespaced: true,
}

export const endpointSliceKind: Kind<EndpointSlice> = {
  resource: EndpointSlices,
  schema: 'V1EndpointSlice',
  nameRule: 'dns-subdomain',
  hasStatus: false,

  setDefaults: setSliceDefaults,
  prepareCreate: startGeneration,
  prepareUpdate(next, previous) {
    setSliceDefaults(next)
    stepGeneration(next, previous, !semanticallyEqual(contentOf(next), contentOf(previous)))
  },

  validate: validateSlice,
  validateUpdate: (next, previous) => validateImmutable(next.addressType, previous.addressType, 'addressType'),
  warnings: sliceWarnings,

  columns: [
    nameColumn,
    {
      name: 'AddressType',
      type: 'string',
      description: 'IPv4, IPv6 or FQDN.',
      priority: 0,
      cell: ({ addressType }) => addressType,
    },
    {
      name: 'Ports',
      type: 'string',
      description: 'Port numbers that all endpoints share.',
      priority: 0,
      cell: ({ ports = [] }) => firstThree(ports.map(({ port, name = '*' }) => String(port ?? name))) || '<unset>',
    },
    {
      name: 'Endpoints',
      type: 'string',
      description: 'Addresses, ready or not.',
      priority: 0,
      cell: ({ endpoints }) => firstThree(endpoints.flatMap(({ addresses }) => addresses)) || '<unset>',
    },
    ageColumn,
  ],
}

const maxEndpoints = 1000
const maxAddresses = 100
const maxPorts = 20_000
const maxTopologyLabels = 16
const maxHints = 8

function setSliceDefaults(slice: EndpointSlice): void {
  slice.endpoints ??= []
  for (const port of slice.ports ?? []) {
    port.name ??= ''
    port.protocol ??= 'TCP'
  }
}

function contentOf({ addressType, endpoints, ports, metadata }: EndpointSlice): unknown {
  return { addressType, endpoints, ports, labels: metadata.labels }
}

/** Upstream looks for the type in a `spec` that there is none of. */
function sliceWarnings({ addressType, endpoints }: EndpointSlice): string[] {
  if (addressType === 'FQDN') return ['spec.addressType: FQDN endpoints are deprecated']
  return endpoints.flatMap(({ addresses }, at) =>
    addresses.flatMap((address, index) => ipWarnings(address, `endpoints[${at}].addresses[${index}]`)),
  )
}

function validateSlice({ addressType = '', endpoints = [], ports = [] }: Unchecked<EndpointSlice>): FieldError[] {
  return [
    ...validateEnum(addressType, 'addressType', ['FQDN', 'IPv4', 'IPv6']),
    ...(endpoints.length > maxEndpoints
      ? [tooMany('endpoints', endpoints.length, maxEndpoints)]
      : endpoints.flatMap((endpoint, index) => validateEndpoint(endpoint, addressType, `endpoints[${index}]`))),
    ...validatePorts(ports),
  ]
}

function validateEndpoint(endpoint: Unchecked<Endpoint>, addressType: string, path: string): FieldError[] {
  const { addresses = [], nodeName, hostname, deprecatedTopology = {}, hints } = endpoint
  const labels = Object.keys(deprecatedTopology).length
  return [
    ...validateCount(addresses.length, `${path}.addresses`),
    ...addresses.flatMap((address, index) => validateAddress(address, addressType, `${path}.addresses[${index}]`)),
    ...(nodeName === undefined ? [] : validateSubdomain(nodeName, `${path}.nodeName`)),
    ...(labels > maxTopologyLabels ? [tooMany(`${path}.deprecatedTopology`, labels, maxTopologyLabels)] : []),
    ...validateLabels(deprecatedTopology, `${path}.deprecatedTopology`),
    ...(hostname === undefined ? [] : validateLabel(hostname, `${path}.hostname`)),
    ...(hints === undefined ? [] : validateHints(hints, `${path}.hints`)),
  ]
}

function validateCount(addresses: number, path: string): FieldError[] {
  if (addresses === 0) return [required(path, 'must contain at least 1 address')]
  return addresses > maxAddresses ? [tooMany(path, addresses, maxAddresses)] : []
}

function validateAddress(address: string, type: string, path: string): FieldError[] {
  switch (type) {
    case 'IPv4':
    case 'IPv6':
      return validateFamily(address, type, path)
    case 'FQDN':
      return validateDomainName(address, path)
    default:
      return []
  }
}

function validateFamily(address: string, family: IPFamily, path: string): FieldError[] {
  const errors = validateIP(address, path)
  if (errors.length > 0) return errors
  if (familyOf(address) !== family) return [invalid(path, address, `must be an ${family} address`)]
  return validateNonSpecialIP(address, path)
}

function validateDomainName(address: string, path: string): FieldError[] {
  if (address === '') return [required(path)]
  const name = address.endsWith('.') ? address.slice(0, -1) : address
  const problems = isDNS1123Subdomain(name)
  if (problems.length > 0) return [invalid(path, name, problems.join(','))]
  const labels = name.split('.')
  if (labels.length < 2) {
    return [invalid(path, name, 'should be a domain with at least two segments separated by dots')]
  }
  const wrong = labels.find((label) => isDNS1123Label(label).length > 0)
  return wrong === undefined ? [] : [invalid(path, wrong, isDNS1123Label(wrong).join(','))]
}

function validateHints({ forZones = [], forNodes = [] }: Unchecked<Wire<V1EndpointHints>>, path: string): FieldError[] {
  return [
    ...validateHintNames(forZones, `${path}.forZones`, isLabelValue),
    ...validateHintNames(forNodes, `${path}.forNodes`, isDNS1123Subdomain),
  ]
}

function validateHintNames(
  hints: readonly { name?: string | undefined }[],
  path: string,
  check: (name: string) => readonly string[],
): FieldError[] {
  if (hints.length > maxHints) return [tooMany(path, hints.length, maxHints)]
  const names = hints.map(({ name = '' }) => name)
  return [
    ...repeated(names).map(({ value, index }) => duplicate(`${path}[${index}].name`, value)),
    ...names.flatMap((name, index) => checked(name, `${path}[${index}].name`, check)),
  ]
}

function validatePorts(ports: readonly Unchecked<SlicePort>[]): FieldError[] {
  if (ports.length > maxPorts) return [tooMany('ports', ports.length, maxPorts)]
  return [
    ...repeated(ports.map(({ name = '' }) => name)).map(({ value, index }) => duplicate(`ports[${index}].name`, value)),
    ...ports.flatMap((port, index) => validatePort(port, `ports[${index}]`)),
  ]
}

function validatePort({ name = '', port, protocol, appProtocol }: Unchecked<SlicePort>, path: string): FieldError[] {
  return [
    ...(name === '' ? [] : validateLabel(name, `${path}.name`)),
    ...(port === undefined ? [] : validatePortNumber(port, `${path}.port`)),
    ...validateProtocol(protocol, `${path}.protocol`),
    ...(appProtocol === undefined ? [] : validateQualifiedName(appProtocol, `${path}.appProtocol`)),
  ]
}
