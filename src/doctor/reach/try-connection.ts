import net from 'node:net'
import type { Destination, Outcome } from './questions.ts'

/** Makes a TCP connection and closes it at once, without sending anything. */
export function tryConnection({ address, port }: Destination, timeoutMs: number): Promise<Outcome> {
  return new Promise((resolve) => {
    const socket = net.connect({ host: address, port, timeout: timeoutMs })
    const end = (outcome: Outcome) => {
      socket.destroy()
      resolve(outcome)
    }
    socket.once('connect', () => end('open'))
    socket.once('timeout', () => end('timeout'))
    socket.once('error', ({ code = '' }: NodeJS.ErrnoException) => end(outcomeOf(code)))
  })
}

export function outcomeOf(code: string): Outcome {
  if (code === 'ECONNREFUSED' || code === 'ECONNRESET') return 'refused'
  return code === 'ETIMEDOUT' ? 'timeout' : 'unreachable'
}
