import { connect } from 'node:net'
import type { ProbeOutcome } from './http-get.ts'

export interface TcpTarget {
  readonly host: string
  readonly port: number
  readonly timeoutSeconds: number
}

/** Success is a connection; it is closed at once. */
export function tcpConnect({ host, port, timeoutSeconds }: TcpTarget): Promise<ProbeOutcome> {
  return new Promise((resolve) => {
    const socket = connect({ host, port })
    const end = (outcome: ProbeOutcome) => {
      clearTimeout(timer)
      socket.destroy()
      resolve(outcome)
    }
    const fail = (why: string) => end({ ok: false, message: `dial tcp ${host}:${port}: ${why}` })
    const timer = setTimeout(() => fail('i/o timeout'), timeoutSeconds * 1000)
    socket.on('connect', () => end({ ok: true, message: '' }))
    socket.on('error', (error) => fail(error.message))
  })
}
