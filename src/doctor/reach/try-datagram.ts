import { createSocket } from 'node:dgram'
import { outcomeOf } from './try-connection.ts'
import type { Destination, Outcome } from './questions.ts'

/** A refusal comes back within this, or not at all: it is made by the kernel of a node. */
const refusalMs = 300

/** Sends an empty datagram and waits for the kernel to say that nobody wants it. */
export function tryDatagram({ address, port }: Destination, timeoutMs: number): Promise<Outcome> {
  return new Promise((resolve) => {
    const socket = createSocket('udp4')
    const end = (outcome: Outcome) => {
      clearTimeout(timer)
      socket.close()
      resolve(outcome)
    }
    const timer = setTimeout(() => end('unanswered'), Math.min(refusalMs, timeoutMs))
    socket.once('error', ({ code = '' }: NodeJS.ErrnoException) => end(outcomeOf(code)))
    socket.once('message', () => end('open'))
    // Only a connected socket is told of refusals. Without a route it cannot be connected, which is an error as those are.
    socket.once('connect', () => socket.send('')).connect(port, address)
  })
}
