import type { IncomingHttpHeaders } from 'node:http2'

/** Names of the status codes, by number: https://grpc.io/docs/guides/status-codes */
const codes = [
  'OK',
  'CANCELLED',
  'UNKNOWN',
  'INVALID_ARGUMENT',
  'DEADLINE_EXCEEDED',
  'NOT_FOUND',
  'ALREADY_EXISTS',
  'PERMISSION_DENIED',
  'RESOURCE_EXHAUSTED',
  'FAILED_PRECONDITION',
  'ABORTED',
  'OUT_OF_RANGE',
  'UNIMPLEMENTED',
  'INTERNAL',
  'UNAVAILABLE',
  'DATA_LOSS',
  'UNAUTHENTICATED',
] as const

export interface GrpcStatus {
  readonly code: string
  readonly message: string
}

/**
 * The status that headers or trailers carry; undefined if it is still to come. A peer that does not speak gRPC is
 * UNKNOWN with its HTTP status.
 */
export function statusOf(headers: IncomingHttpHeaders): GrpcStatus | undefined {
  const status = headers['grpc-status']
  if (typeof status === 'string') {
    return { code: codes[Number(status)] ?? 'UNKNOWN', message: unescape(String(headers['grpc-message'] ?? '')) }
  }
  const http = headers[':status']
  if (http === undefined || Number(http) === 200) return undefined
  return { code: 'UNKNOWN', message: `HTTP status ${http}` }
}

/** The message is percent-encoded UTF-8; what is no valid encoding is shown as it came, as the protocol demands. */
function unescape(message: string): string {
  try {
    return decodeURIComponent(message)
  } catch {
    return message
  }
}

/** A status in the words that users know from upstream: `rpc error: code = DeadlineExceeded desc = …`. */
export function describeStatus({ code, message }: GrpcStatus): string {
  return `rpc error: code = ${goCode(code)} desc = ${message}`
}

/** `DEADLINE_EXCEEDED` as Go prints it: `DeadlineExceeded`. */
function goCode(code: string): string {
  return code
    .toLowerCase()
    .split('_')
    .map((word) => word.slice(0, 1).toUpperCase() + word.slice(1))
    .join('')
}
