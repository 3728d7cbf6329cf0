import { invalidObject } from '../../api/errors.ts'
import { invalid } from '../../api/field-error.ts'
import { familyOf } from '../../api/kinds/addresses.ts'
import { type Service, type ServicePort, Services } from '../../api/kinds/service.ts'
import { clusterFamilies, needsHealthCheckPort, needsNodePorts } from '../../api/kinds/service-spec/types.ts'
import { keyOf } from '../../api/object.ts'
import type { AdmissionStep } from './admission.ts'
import type { AllocationProblem, ServiceAddressAllocator } from './service-address-allocator.ts'

/**
 * Gives a Service its cluster IP and node ports, or checks that those it asks for can be had. What is handed out is
 * taken from that moment on; a write that fails gives it back.
 */
export function serviceAddresses(allocator: ServiceAddressAllocator): AdmissionStep {
  return {
    name: 'service-addresses',
    admit({ operation, kind, subresource, object, undo }) {
      if (kind.resource.plural !== Services.plural || kind.resource.group !== Services.group) return
      if (operation === 'delete' || subresource !== undefined) return
      const service = object as Service
      const claims = allocator.claimsFor(keyOf(service))
      undo(() => claims.release())
      const problems: AllocationProblem[] = []
      assignClusterIPs(service, claims, problems)
      assignNodePorts(service, operation === 'create', claims, problems)
      if (problems.length > 0) {
        const errors = problems.map(({ field, value, detail }) => invalid(field, value, detail))
        throw invalidObject(Services, service.metadata.name, errors)
      }
    },
  }
}

type Claims = ReturnType<ServiceAddressAllocator['claimsFor']>

/** What the Service has already, its kind has carried over. */
function assignClusterIPs({ spec }: Service, claims: Claims, problems: AllocationProblem[]): void {
  const asked = spec.clusterIPs ?? []
  if (spec.type === 'ExternalName' || asked[0] === 'None') return
  for (const [index, address] of asked.entries()) {
    const detail = 'IPv6 is not configured on this cluster'
    if (familyOf(address) === 'IPv6') problems.push({ field: `spec.clusterIPs[${index}]`, value: asked, detail })
    else claims.clusterIP(address, problems)
  }
  // Of `clusterIP` and `clusterIPs` the kind has made two that agree, or its validation tells that they do not.
  if (asked.length > 0) return
  const [family = 'IPv4'] = spec.ipFamilies ?? []
  if (!clusterFamilies.includes(family)) return // Nor would an address be of use: validation refuses the family.
  const address = claims.nextClusterIP(problems)
  if (address === undefined) return
  spec.clusterIP = address
  spec.clusterIPs = [address]
}

/** First what is asked for, so that nothing of it is drawn for another port. */
function assignNodePorts({ spec }: Service, isNew: boolean, claims: Claims, problems: AllocationProblem[]): void {
  const ports = (spec.ports ?? []).map((port, index) => ({ port, field: `spec.ports[${index}].nodePort` }))
  const takenBy = new Map<number, ServicePort[]>()
  for (const { port, field } of ports) {
    const { nodePort: number = 0 } = port
    if (number === 0) continue
    const others = takenBy.get(number)
    if (others === undefined) claims.nodePort(number, field, problems)
    else if (!others.every((other) => mayShare(port, other, isNew))) problems.push(inUse(number, field))
    takenBy.set(number, [...(others ?? []), port])
  }
  const hasHealthCheck = needsHealthCheckPort(spec)
  const healthCheck = hasHealthCheck ? (spec.healthCheckNodePort ?? 0) : 0
  const healthCheckField = 'spec.healthCheckNodePort'
  if (takenBy.has(healthCheck)) problems.push(inUse(healthCheck, healthCheckField))
  else if (healthCheck !== 0) claims.nodePort(healthCheck, healthCheckField, problems)
  for (const { port, field } of ports) {
    if ((port.nodePort ?? 0) !== 0) continue
    const twin = isNew ? ports.find((other) => mayShare(other.port, port, isNew) && (other.port.nodePort ?? 0) !== 0) : undefined
    const drawn = needsNodePorts(spec) ? (twin?.port.nodePort ?? claims.nextNodePort(field, problems)) : undefined
    if (drawn === undefined) delete port.nodePort
    else port.nodePort = drawn
  }
  if (!hasHealthCheck || healthCheck !== 0) return
  const drawn = claims.nextNodePort(healthCheckField, problems)
  if (drawn !== undefined) spec.healthCheckNodePort = drawn
}

/**
 * Whether two ports of one Service may be one number on the nodes: over two protocols, and in a new Service only if they
 * are one number in the cluster too, as upstream has it. Ports of a new one that can be one number are.
 */
function mayShare(a: ServicePort, b: ServicePort, isNew: boolean): boolean {
  return protocolOf(a) !== protocolOf(b) && (!isNew || a.port === b.port)
}

function inUse(value: number, field: string): AllocationProblem {
  return { field, value, detail: 'provided port is already allocated' }
}

function protocolOf({ protocol = 'TCP' }: ServicePort): string {
  return protocol
}
