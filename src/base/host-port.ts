import { isIP, isIPv6 } from 'node:net'

export interface HostPort {
  readonly address: string
  readonly port: number
}

/**
 * Reads `192.0.2.1`, `192.0.2.1:5353`, `2001:db8::1` or `[2001:db8::1]:5353`. Undefined for what is no IP address with or
 * without a port from 1 to 65535.
 */
export function parseHostPort(text: string, defaultPort: number): HostPort | undefined {
  const written = isIPv6(text) ? `[${text}]` : text
  const [, bracketed, plain, port] = /^(?:\[([^\]]+)\]|([^[\]:]+))(?::(\d{1,5}))?$/.exec(written) ?? []
  const address = bracketed ?? plain ?? ''
  const number = Number(port ?? defaultPort)
  if (isIP(address) === 0 || number < 1 || number > 65_535) return undefined
  return { address, port: number }
}

/** The text that `parseHostPort` reads. */
export function formatHostPort({ address, port }: HostPort): string {
  return `${isIPv6(address) ? `[${address}]` : address}:${port}`
}
