import type { Socket } from 'node:dgram'
import type { Outcome } from './messages.ts'
import { failureOf } from './failure.ts'

/** Sends an empty datagram and waits for an answer, or for the kernel to say that nobody wants it. */
export function callUdp(socket: Socket, timeoutMs: number): Promise<Outcome> {
  const start = performance.now()
  return new Promise((resolve) => {
    const end = (outcome: Outcome) => {
      clearTimeout(timer)
      resolve({ ...outcome, answerMs: performance.now() - start })
    }
    const timer = setTimeout(() => end({ result: 'unanswered' }), timeoutMs)
    socket.once('error', (error: NodeJS.ErrnoException) => end(failureOf(error)))
    socket.once('message', ({ length }) => end({ result: 'answered', answer: `${length} bytes` }))
    socket.send('')
  })
}
