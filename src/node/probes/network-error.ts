/** The words that Go has for an error number; Events of upstream have them. */
const phrases: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'connection reset by peer',
  EHOSTUNREACH: 'no route to host',
  EHOSTDOWN: 'host is down',
  ENETUNREACH: 'network is unreachable',
  ETIMEDOUT: 'connection timed out',
  EPIPE: 'broken pipe',
}

/** What is said of a server that answers to TLS without it. */
export const notTls = 'http: server gave HTTP response to HTTPS client'

/** `10.108.1.7:8080`, `[fd00::7]:8080`. */
export function joinHostPort(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}

/** A network error of Node.js in the words that users know from upstream, which is written in Go. */
export function describeNetworkError(error: unknown, address: string): string {
  // A name with several addresses fails with one error for each.
  const first: unknown = error instanceof AggregateError ? error.errors[0] : error
  if (!(first instanceof Error)) return String(first)
  const { code = '', syscall = '', message } = first as NodeJS.ErrnoException
  if (message === 'socket hang up') return 'EOF'
  if (syscall === 'getaddrinfo') return `dial tcp: lookup ${address.replace(/:\d+$/, '')}: no such host`
  if (message.includes('wrong version number')) return notTls
  const phrase = phrases[code]
  if (phrase === undefined) return message
  return syscall === 'connect' ? `dial tcp ${address}: connect: ${phrase}` : `${syscall} tcp ${address}: ${phrase}`
}
