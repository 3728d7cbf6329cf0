import type { Service, ServicePort } from '../api/kinds/service.ts'
import type { ServiceFacts } from './facts.ts'
import type { Destination } from './reach/questions.ts'

/** An address and port that traffic of a Service is sent to in the end. */
export interface ReadyEndpoint extends Destination {
  readonly servicePort: ServicePort
  readonly nodeName?: string
  readonly pod?: string
  readonly slice: string
}

/** As the EndpointSlices of the Service have them, IPv4 only, sorted by address. */
export function readyEndpoints({ service, slices }: Pick<ServiceFacts, 'service' | 'slices'>): readonly ReadyEndpoint[] {
  const all = (service.spec.ports ?? []).flatMap((servicePort) =>
    slices.flatMap(({ addressType, endpoints, ports = [], metadata }) => {
      const slicePort = ports.find(({ name = '', protocol }) => name === (servicePort.name ?? '') && protocol === (servicePort.protocol ?? 'TCP'))
      if (addressType !== 'IPv4' || slicePort?.port === undefined) return []
      const { port } = slicePort
      const ready = endpoints.filter(({ conditions }) => conditions?.ready !== false)
      return ready.flatMap(({ addresses, nodeName, targetRef }) =>
        addresses.slice(0, 1).map((address) => ({
          servicePort,
          protocol: protocolOf(servicePort),
          address,
          port,
          slice: metadata.name,
          ...(nodeName === undefined ? {} : { nodeName }),
          ...(targetRef?.kind === 'Pod' && targetRef.name !== undefined ? { pod: targetRef.name } : {}),
        })),
      )
    }),
  )
  return all.sort((a, b) => (textOf(a) < textOf(b) ? -1 : 1))
}

/** Where clients inside of the cluster connect to: cluster IP and port; for headless Services each pod. */
export function insideDestinations(facts: Pick<ServiceFacts, 'service' | 'slices'>): readonly Destination[] {
  const { clusterIP = '', type, ports = [] } = facts.service.spec
  if (type === 'ExternalName') return []
  if (!isHeadless(facts.service)) return ports.filter(canBeTried).map((port) => ({ protocol: protocolOf(port), address: clusterIP, port: port.port }))
  return readyEndpoints(facts).filter(({ servicePort }) => canBeTried(servicePort)).map(({ protocol, address, servicePort }) => ({ protocol, address, port: servicePort.port }))
}

/** Where clients outside connect to: node ports, addresses of a load balancer and external IPs. */
export function outsideDestinations({ spec, status }: Service, nodeAddresses: readonly string[]): readonly Destination[] {
  const own = [...(status?.loadBalancer?.ingress ?? []).flatMap(({ ip }) => ip ?? []), ...(spec.externalIPs ?? [])]
  return (spec.ports ?? []).filter(canBeTried).flatMap((port) => {
    const protocol = protocolOf(port)
    const { nodePort = 0 } = port
    const atNodes = nodePort === 0 ? [] : nodeAddresses.map((address) => ({ protocol, address, port: nodePort }))
    return [...atNodes, ...own.map((address) => ({ protocol, address, port: port.port }))]
  })
}

export function isHeadless({ spec }: Service): boolean {
  return spec.clusterIP === 'None'
}

/** Node.js speaks no SCTP. */
export function canBeTried({ protocol }: ServicePort): boolean {
  return protocol !== 'SCTP'
}

/** Of a port that can be tried. */
export function protocolOf({ protocol }: ServicePort): 'TCP' | 'UDP' {
  return protocol === 'UDP' ? 'UDP' : 'TCP'
}

/** `10.96.1.1:80`, different for different destinations. */
export function textOf({ protocol, address, port }: Destination): string {
  return `${address}:${port}${protocol === 'TCP' ? '' : ` over ${protocol}`}`
}
