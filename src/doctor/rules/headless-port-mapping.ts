import { isHeadless } from '../destinations.ts'
import type { Finding } from '../finding.ts'
import { listening, portPatch, targetsOf } from '../targets.ts'
import type { Rule } from './rule.ts'

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
