import { isLoopback } from '../../kernel/listening-sockets.ts'
import { nameOf, perPort, portPatch } from '../targets.ts'
import type { Rule } from './rule.ts'

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
