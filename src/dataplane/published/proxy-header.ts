import type { Socket } from 'node:net'

/**
 * The line that tells who has opened a connection, and to where, ahead of what is said on it: version 1 of the PROXY
 * protocol (https://www.haproxy.org/download/2.6/doc/proxy-protocol.txt).
 */
export function proxyHeader({ remoteAddress, remotePort, localAddress, localPort }: Socket): string {
  // A client that has gone meanwhile has no address any more.
  if (remoteAddress === undefined || localAddress === undefined) return 'PROXY UNKNOWN\r\n'
  return `PROXY TCP4 ${remoteAddress} ${localAddress} ${remotePort} ${localPort}\r\n`
}
