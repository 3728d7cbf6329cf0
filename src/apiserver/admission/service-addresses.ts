import { invalidObject } from '../../api/errors.ts'
import { invalid } from '../../api/field-error.ts'
import { type Service, Services } from '../../api/kinds/service.ts'
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
    admit({ operation, kind, subresource, object, previous, undo }) {
      if (kind.resource.plural !== Services.plural || kind.resource.group !== Services.group) return
      if (operation === 'delete' || subresource !== undefined) return
      const service = object as Service
      const held = previous as Service | undefined
      const claims = allocator.claimsFor(keyOf(service))
      undo(() => claims.release())
      const problems: AllocationProblem[] = []
      assignClusterIP(service, held, claims, problems)
      assignNodePorts(service, held, claims, problems)
      if (problems.length > 0) {
        const errors = problems.map(({ field, value, detail }) => invalid(field, value, detail))
        throw invalidObject(Services, service.metadata.name, errors)
      }
    },
  }
}

type Claims = ReturnType<ServiceAddressAllocator['claimsFor']>

function assignClusterIP(
  { spec }: Service,
  previous: Service | undefined,
  claims: Claims,
  problems: AllocationProblem[],
): void {
  if (spec.type === 'ExternalName') return
  // On update an empty address means: the one it has.
  const asked = spec.clusterIP || spec.clusterIPs?.[0] || previous?.spec.clusterIP || ''
  if (asked === 'None') {
    spec.clusterIP = 'None'
    spec.clusterIPs = ['None']
    return
  }
  const address = asked === '' ? claims.nextClusterIP(problems) : claims.clusterIP(asked, problems)
  if (address === undefined) return
  spec.clusterIP = address
  spec.clusterIPs = [address]
  spec.ipFamilies ??= ['IPv4']
  spec.ipFamilyPolicy ??= 'SingleStack'
}

function assignNodePorts(
  { spec }: Service,
  previous: Service | undefined,
  claims: Claims,
  problems: AllocationProblem[],
): void {
  const wantsPorts =
    spec.type === 'NodePort' || (spec.type === 'LoadBalancer' && spec.allocateLoadBalancerNodePorts !== false)
  for (const [index, port] of (spec.ports ?? []).entries()) {
    const protocol = port.protocol ?? 'TCP'
    const held = previous?.spec.ports?.find((old) => old.port === port.port && (old.protocol ?? 'TCP') === protocol)
    const asked = port.nodePort ?? (wantsPorts ? (held?.nodePort ?? 0) : 0)
    const field = `spec.ports[${index}].nodePort`
    if (asked !== 0) claims.nodePort(asked, protocol, field, problems)
    const assigned = asked === 0 && wantsPorts ? claims.nextNodePort(protocol, field, problems) : asked
    if (assigned === undefined || assigned === 0) delete port.nodePort
    else port.nodePort = assigned
  }
}
