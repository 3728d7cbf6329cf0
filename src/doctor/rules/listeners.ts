import type { Pod } from '../../api/kinds/pod.ts'
import type { ServicePort } from '../../api/kinds/service.ts'
import { targetPortOf, isEndpoint } from '../../api/no-endpoints/index.ts'
import { isLoopback, type ListeningSocket } from '../../kernel/listening-sockets.ts'
import { inNamespace, patchCommand, withPort } from '../commands.ts'
import { isHeadless, protocolOf } from '../destinations.ts'
import type { ServiceFacts } from '../facts.ts'
import type { Finding } from '../finding.ts'
import type { Rule } from './rule.ts'

/** A port of a Service in one pod that gets traffic, and what the pod listens on. */
interface Target {
  readonly pod: Pod
  readonly servicePort: ServicePort
  readonly protocol: 'TCP' | 'UDP'
  readonly port: number
  readonly sockets: readonly ListeningSocket[]
}

/** The program listens on the target port with the other protocol only. */
export const wrongProtocol: Rule = (facts) =>
  perPort(facts, ({ protocol, port, sockets }) => {
    return sockets.some((socket) => socket.port === port && socket.protocol !== protocol && !isLoopback(socket.address))
  }, (target) => {
    const other = target.protocol === 'TCP' ? 'UDP' : 'TCP'
    return {
      reason: 'WrongProtocol',
      cause: `The Service sends ${target.protocol} to port ${target.port}, where pod ${nameOf(target)} listens for ${other} only`,
      fix: `give the port of the Service the protocol ${other}`,
      command: portPatch(facts, target.servicePort, { protocol: other }),
    }
  })

/** The program is bound to localhost, and nobody outside of its pod can reach it. */
export const loopbackOnly: Rule = (facts) =>
  perPort(facts, ({ protocol, port, sockets }) => {
    return sockets.some((socket) => socket.port === port && socket.protocol === protocol && isLoopback(socket.address))
  }, (target) => ({
    reason: 'ListensOnLoopbackOnly',
    cause: `The program in pod ${nameOf(target)} listens on port ${target.port} of localhost only, where nobody outside of the pod reaches it`,
    fix: 'have the program listen on 0.0.0.0, or on the address of the pod: see its flags or configuration',
    command: `kubectl exec ${nameOf(target)}${inNamespace(facts.service)} -- cat /proc/net/tcp /proc/net/tcp6`,
  }))

/** Nobody listens on the target port at all. */
export const noListener: Rule = (facts) =>
  perPort(facts, ({ port, sockets }) => sockets.every((socket) => socket.port !== port), (target) => {
    const [only, ...others] = openPorts(target)
    const suggested = only !== undefined && others.length === 0 ? only : undefined
    return {
      reason: 'TargetPortWithoutListener',
      cause: `The Service sends to port ${target.port}, on which nobody listens in pod ${nameOf(target)}`,
      fix: suggested === undefined
        ? 'give the port that the program listens on as targetPort, or have the program listen there'
        : `the pod listens on port ${suggested}: give it as targetPort`,
      command: suggested === undefined
        ? `kubectl edit service ${facts.service.metadata.name}${inNamespace(facts.service)}`
        : portPatch(facts, target.servicePort, { targetPort: suggested }),
    }
  })

/**
 * A headless Service has no address that could translate ports: clients connect to `port` of a pod, whatever
 * `targetPort` says.
 */
export const headlessPortMapping: Rule = (facts) => {
  if (!isHeadless(facts.service)) return []
  return (facts.service.spec.ports ?? []).flatMap((servicePort): Finding[] => {
    const target = targetsOf(facts).find((candidate) => candidate.servicePort === servicePort && candidate.port !== servicePort.port)
    if (target === undefined || target.sockets.some(({ port }) => port === servicePort.port)) return []
    return [{
      reason: 'HeadlessPortMapping',
      cause: `A headless Service does not translate ports: clients connect to port ${servicePort.port} of the pods, which listen on ${target.port}`,
      evidence: [`spec.clusterIP: None, port: ${servicePort.port}, targetPort: ${servicePort.targetPort ?? servicePort.port}`, listening(target)],
      fix: `have clients connect to port ${target.port}, and say so in the Service`,
      command: portPatch(facts, servicePort, { port: target.port, targetPort: target.port }),
    }]
  })
}

type Told = Omit<Finding, 'evidence'>

/** Ports that are served as they should be in no pod, and for which a condition holds in one. */
function perPort(facts: ServiceFacts, holds: (target: Target) => boolean, tell: (target: Target) => Told): readonly Finding[] {
  return (facts.service.spec.ports ?? []).flatMap((servicePort) => {
    const targets = targetsOf(facts).filter((target) => target.servicePort === servicePort && !isServed(target))
    const target = targets.find(holds)
    return target === undefined ? [] : [{ ...tell(target), evidence: targets.slice(0, 3).map(listening) }]
  })
}

function targetsOf({ service, selected, cluster }: ServiceFacts): readonly Target[] {
  return selected
    .filter((pod) => isEndpoint(service, pod))
    .flatMap((pod) => {
      const sockets = cluster.listeners.get(pod.metadata.uid)
      if (sockets === undefined) return []
      return (service.spec.ports ?? []).flatMap((servicePort) => {
        const port = targetPortOf(pod, servicePort)
        return port === undefined || servicePort.protocol === 'SCTP' ? [] : [{ pod, servicePort, protocol: protocolOf(servicePort), port, sockets }]
      })
    })
}

function isServed({ protocol, port, sockets }: Target): boolean {
  return sockets.some((socket) => socket.port === port && socket.protocol === protocol && !isLoopback(socket.address))
}

function openPorts({ protocol, sockets }: Target): readonly number[] {
  return [...new Set(sockets.filter((socket) => socket.protocol === protocol && !isLoopback(socket.address)).map(({ port }) => port))]
}

function listening({ pod, sockets }: Target): string {
  const open = [...new Set(sockets.map(({ protocol, address, port }) => `${address}:${port} (${protocol})`))]
  return `in the network of pod ${pod.metadata.name}: ${open.length === 0 ? 'nobody listens on any port' : `listening on ${open.join(', ')}`}`
}

function nameOf({ pod }: Target): string {
  return pod.metadata.name
}

function portPatch({ service }: ServiceFacts, port: ServicePort, change: Partial<ServicePort>): string {
  return patchCommand('service', service, withPort(service.spec.ports ?? [], port, change))
}
