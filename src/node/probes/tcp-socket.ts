import { connect, type Socket } from 'node:net'
import { describeNetworkError, joinHostPort } from './network-error.ts'
import { failure, success, type ProbeOutcome } from './outcome.ts'

export interface TcpTarget {
  readonly host: string
  readonly port: number
  readonly timeoutSeconds: number
}

/** No connection was had; the message has the form of Go's: `dial tcp …`. */
export class DialFailed extends Error {
  override readonly name = 'DialFailed'
  readonly isTimeout: boolean
  constructor(message: string, isTimeout: boolean) {
    super(message)
    this.isTimeout = isTimeout
  }
}

/** Success is a connection; it is closed at once. */
export async function tcpConnect(target: TcpTarget): Promise<ProbeOutcome> {
  try {
    const socket = await dial(target)
    socket.destroy()
    return success
  } catch (error) {
    if (error instanceof DialFailed) return failure(error.message)
    throw error
  }
}

/** Resolves to a connected socket. Throws `DialFailed`. */
export function dial({ host, port, timeoutSeconds }: TcpTarget): Promise<Socket> {
  const address = joinHostPort(host, port)
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port })
    const fail = (message: string, isTimeout: boolean) => {
      clearTimeout(timer)
      socket.destroy()
      reject(new DialFailed(message, isTimeout))
    }
    const onError = (error: Error) => fail(describeNetworkError(error, address), false)
    const timer = setTimeout(() => fail(`dial tcp ${address}: i/o timeout`, true), timeoutSeconds * 1000)
    socket.on('error', onError).once('connect', () => {
      clearTimeout(timer)
      socket.off('error', onError)
      resolve(socket)
    })
  })
}
