import { isLoopback } from '../../kernel/listening-sockets.ts'
import { inNamespace } from '../commands.ts'
import { nameOf, perPort, portPatch, type Target } from '../targets.ts'
import type { Rule } from './rule.ts'

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

function openPorts({ protocol, sockets }: Target): readonly number[] {
  return [...new Set(sockets.filter((socket) => socket.protocol === protocol && !isLoopback(socket.address)).map(({ port }) => port))]
}
