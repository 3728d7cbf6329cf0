import type { Pod } from '../api/kinds/pod.ts'
import type { ServicePort } from '../api/kinds/service.ts'
import { isEndpoint, targetPortOf } from '../api/no-endpoints/index.ts'
import { isLoopback, type ListeningSocket } from '../kernel/listening-sockets.ts'
import { patchCommand, withPort } from './commands.ts'
import { canBeTried, protocolOf } from './destinations.ts'
import type { ServiceFacts } from './facts.ts'
import type { Finding } from './finding.ts'

/** A port of a Service in one pod that gets traffic, and what the pod listens on. */
export interface Target {
  readonly pod: Pod
  readonly servicePort: ServicePort
  readonly protocol: 'TCP' | 'UDP'
  readonly port: number
  readonly sockets: readonly ListeningSocket[]
}

type Told = Omit<Finding, 'evidence'>

/** One finding for each port of the Service that is not served in a pod that gets traffic, and for which a condition holds there. */
export function perPort(facts: ServiceFacts, holds: (target: Target) => boolean, tell: (target: Target) => Told): readonly Finding[] {
  return (facts.service.spec.ports ?? []).flatMap((servicePort) => {
    const targets = targetsOf(facts).filter((target) => target.servicePort === servicePort && !isServed(target))
    const target = targets.find(holds)
    return target === undefined ? [] : [{ ...tell(target), evidence: targets.slice(0, 3).map(listening) }]
  })
}

/** What is known of each port in each pod that gets traffic. */
export function targetsOf({ service, selected, cluster }: ServiceFacts): readonly Target[] {
  return selected
    .filter((pod) => isEndpoint(service, pod))
    .flatMap((pod) => {
      const sockets = cluster.listeners.get(pod.metadata.uid)
      if (sockets === undefined) return []
      return (service.spec.ports ?? []).flatMap((servicePort) => {
        const port = targetPortOf(pod, servicePort)
        return port === undefined || !canBeTried(servicePort) ? [] : [{ pod, servicePort, protocol: protocolOf(servicePort), port, sockets }]
      })
    })
}

function isServed({ protocol, port, sockets }: Target): boolean {
  return sockets.some((socket) => socket.port === port && socket.protocol === protocol && !isLoopback(socket.address))
}

/** As evidence. */
export function listening({ pod, sockets }: Target): string {
  const open = [...new Set(sockets.map(({ protocol, address, port }) => `${address}:${port} (${protocol})`))]
  return `in the network of pod ${pod.metadata.name}: ${open.length === 0 ? 'nobody listens on any port' : `listening on ${open.join(', ')}`}`
}

export function nameOf({ pod }: Target): string {
  return pod.metadata.name
}

/** The command that changes one port of the Service. */
export function portPatch({ service }: ServiceFacts, port: ServicePort, change: Partial<ServicePort>): string {
  return patchCommand('service', service, withPort(service.spec.ports ?? [], port, change))
}
