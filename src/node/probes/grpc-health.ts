import { message, one } from '../cri/codec.ts'
import { GrpcClient } from '../cri/grpc.ts'
import { describeStatus } from '../cri/grpc-status.ts'
import { RuntimeError } from '../cri/runtime.ts'
import type { Method } from '../cri/services.ts'
import { joinHostPort } from './network-error.ts'
import { failure, success, type ProbeOutcome } from './outcome.ts'
import { dial, DialFailed, type TcpTarget } from './tcp-socket.ts'
import { probeUserAgent } from './user-agent.ts'

export interface GrpcTarget extends TcpTarget {
  /** '' asks for the server as a whole. */
  readonly service: string
}

/** https://github.com/grpc/grpc/blob/master/doc/health-checking.md */
const check = {
  path: '/grpc.health.v1.Health/Check',
  request: message({ service: one(1, 'string') }),
  response: message({ status: one(1, 'int32') }),
} satisfies Method

/** By number. */
const servingStatuses = ['UNKNOWN', 'SERVING', 'NOT_SERVING', 'SERVICE_UNKNOWN'] as const

/** Success is a server that answers SERVING to the health checking protocol, without TLS. */
export async function grpcHealth({ service, ...target }: GrpcTarget): Promise<ProbeOutcome> {
  const { host, port, timeoutSeconds } = target
  const address = joinHostPort(host, port)
  const deadline = performance.now() + timeoutSeconds * 1000
  try {
    const socket = await dial(target)
    const client = new GrpcClient({ connect: () => socket, authority: address, userAgent: probeUserAgent })
    try {
      const { status } = await client.unary(check, { service }, { timeoutMs: Math.max(1, deadline - performance.now()) })
      return outcomeOf(status)
    } finally {
      client.close()
    }
  } catch (error) {
    if (error instanceof DialFailed) return failure(describeDial(error, address, timeoutSeconds))
    if (error instanceof RuntimeError) return failure(describeCall(error, timeoutSeconds))
    throw error
  }
}

function outcomeOf(status: number): ProbeOutcome {
  const name = servingStatuses[status] ?? String(status)
  return name === 'SERVING' ? success : failure(`service unhealthy (responded with "${name}")`)
}

function describeDial({ message: why, isTimeout }: DialFailed, address: string, seconds: number): string {
  return isTimeout
    ? `timeout: failed to connect service "${address}" within ${seconds}s: context deadline exceeded`
    : `error: failed to connect service at "${address}": ${why}`
}

function describeCall(error: RuntimeError, seconds: number): string {
  switch (error.code) {
    case 'UNIMPLEMENTED':
      return `error: this server does not implement the grpc health protocol (grpc.health.v1.Health): ${error.message}`
    case 'DEADLINE_EXCEEDED':
      return `timeout: health rpc did not complete within ${seconds}s`
    default:
      return `error: health rpc probe failed: ${describeStatus(error)}`
  }
}
