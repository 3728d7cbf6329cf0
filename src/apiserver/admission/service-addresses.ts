import { invalidObject } from '../../api/errors.ts'
import { invalid } from '../../api/field-error.ts'
import { familyOf } from '../../api/kinds/addresses.ts'
import { type Service, type ServicePort, Services } from '../../api/kinds/service.ts'
import { needsHealthCheckPort, needsNodePorts } from '../../api/kinds/service-spec/types.ts'
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
      assignNodePorts(service, claims, problems)
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
  const address = claims.nextClusterIP(problems)
  if (address === undefined) return
  spec.clusterIP = address
  spec.clusterIPs = [address]
}

/** First what is asked for, so that nothing of it is drawn for another port. */
function assignNodePorts({ spec }: Service, claims: Claims, problems: AllocationProblem[]): void {
  const ports = (spec.ports ?? []).map((port, index) => ({ port, field: `spec.ports[${index}].nodePort` }))
  const asked = ports.filter(({ port }) => (port.nodePort ?? 0) !== 0)
  for (const { port, field } of asked) claims.nodePort(port.nodePort ?? 0, protocolOf(port), field, problems)
  const hasHealthCheck = needsHealthCheckPort(spec)
  const healthCheck = hasHealthCheck ? (spec.healthCheckNodePort ?? 0) : 0
  if (healthCheck !== 0) claims.nodePort(healthCheck, 'TCP', 'spec.healthCheckNodePort', problems)
  for (const { port, field } of ports) {
    if ((port.nodePort ?? 0) !== 0) continue
    const drawn = needsNodePorts(spec) ? drawNodePort(spec, port, field, claims, problems) : undefined
    if (drawn === undefined) delete port.nodePort
    else port.nodePort = drawn
  }
  if (!hasHealthCheck || healthCheck !== 0) return
  const drawn = claims.nextNodePort('TCP', 'spec.healthCheckNodePort', problems)
  if (drawn !== undefined) spec.healthCheckNodePort = drawn
}

/** One port over two protocols, such as that of a DNS server, is the same number on the nodes if it can be. */
function drawNodePort(
  { ports = [] }: Service['spec'],
  port: ServicePort,
  field: string,
  claims: Claims,
  problems: AllocationProblem[],
): number | undefined {
  const twin = ports.find((other) => other.port === port.port && (other.nodePort ?? 0) !== 0)
  return claims.nextNodePort(protocolOf(port), field, problems, twin?.nodePort)
}

function protocolOf({ protocol = 'TCP' }: ServicePort): string {
  return protocol
}
