import type { Service, ServicePort } from '../../api/kinds/service.ts'

/** How an Ingress names the port of a Service. */
export interface PortReference {
  readonly name?: string
  readonly number?: number
}

/** The port that is meant, which HTTP can be spoken over. */
export function portOf({ spec }: Service, { name, number }: PortReference): ServicePort | undefined {
  return spec.ports?.find((port) => (port.protocol ?? 'TCP') === 'TCP' && (name === undefined ? port.port === number : port.name === name))
}

/** `80 → 8080, https (443)` */
export function describePorts({ spec }: Service): string {
  const all = (spec.ports ?? []).map(({ name, port, protocol = 'TCP' }) => `${name === undefined ? port : `${name} (${port})`}${protocol === 'TCP' ? '' : ` over ${protocol}`}`)
  return all.join(', ') || 'none'
}
