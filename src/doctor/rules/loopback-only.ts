import { isLoopback } from '../../kernel/listening-sockets.ts'
import { inNamespace } from '../commands.ts'
import { nameOf, perPort } from '../targets.ts'
import type { Rule } from './rule.ts'

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
