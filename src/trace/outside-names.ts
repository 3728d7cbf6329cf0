import type { Ingress } from '../api/kinds/ingress.ts'
import type { Service } from '../api/kinds/service.ts'
import type { Surroundings } from '../doctor/facts.ts'
import type { SourcePlan } from './source-choice.ts'
import { isAddress, type Target } from './target.ts'
import { TraceError } from './trace-error.ts'

export interface OutsideNames {
  readonly ingresses: readonly Ingress[]
  readonly services: readonly Service[]
}

/**
 * The client outside. It has no DNS; hosts of Ingresses are looked up as if their addresses had been entered in one.
 * Throws `TraceError` for other names.
 */
export function fromOutside({ host }: Target, { outside }: Surroundings, names: OutsideNames): SourcePlan {
  const source = { kind: 'outside' as const, name: 'outside', netns: outside.netns }
  if (isAddress(host)) return { source }
  const ingress = names.ingresses.find((each) => addressOf(each) !== undefined && hasHost(each, host))
  const address = ingress === undefined ? undefined : addressOf(ingress)
  if (ingress === undefined || address === undefined) throw new TraceError(`clients outside have no DNS for ${host}: ${advice(host, names.services)}`)
  return { source, address, naming: { by: 'ingress', address, ingress: `${ingress.metadata.namespace}/${ingress.metadata.name}` } }
}

export function hasHost({ spec }: Ingress, host: string): boolean {
  return (spec.rules ?? []).some((rule) => rule.host !== undefined && matches(rule.host, host))
}

/** A wildcard stands for one label. */
function matches(pattern: string, host: string): boolean {
  return pattern.startsWith('*.') ? host.includes('.') && host.slice(host.indexOf('.')) === pattern.slice(1) : pattern === host
}

function addressOf({ status }: Ingress): string | undefined {
  return status?.loadBalancer?.ingress?.find(({ ip }) => ip !== undefined)?.ip
}

function advice(host: string, services: readonly Service[]): string {
  const [name, namespace = 'default'] = host.split('.')
  const service = services.find(({ metadata }) => metadata.name === name && metadata.namespace === namespace)
  const [address] = (service?.status?.loadBalancer?.ingress ?? []).flatMap(({ ip }) => ip ?? [])
  const [port] = service?.spec.ports ?? []
  if (address !== undefined && port !== undefined) return `give the address of service/${name}, ${address}:${port.port}`
  if (port?.nodePort !== undefined) return `give the address of a node and the node port of service/${name}, ${port.nodePort}`
  return 'give an address and a port'
}
