import { isIP, isIPv6 } from 'node:net'
import { TraceError } from './trace-error.ts'

/** Where the traced connection is to go. */
export interface Target {
  /** As it was given. */
  readonly text: string
  readonly protocol: 'tcp' | 'udp'
  /** A name or an IPv4 address. */
  readonly host: string
  readonly port: number
  /** Present for `http://` and `https://`: the path, with its query, that is asked for. */
  readonly path?: string
  /** Present for `https://`. */
  readonly tls?: true
  /** The host that is asked for, if it is another than the one that is connected to. */
  readonly asks?: string
}

const examples = 'such as http://kubia, https://kubia.example.com, tcp://kubia:80, udp://kube-dns.kube-system:53 or kubia:80'

/** Reads `http://HOST[:PORT][/PATH]`, `https://…`, `tcp://HOST:PORT`, `udp://HOST:PORT` or `HOST:PORT`. Throws `TraceError`. */
export function parseTarget(text: string): Target {
  const url = urlOf(text.includes('://') ? text : `tcp://${text}`)
  if (url === undefined || url.hostname === '') throw new TraceError(`${JSON.stringify(text)} is no destination: give one ${examples}`)
  const { protocol: scheme, hostname: host, pathname, search } = url
  if (isIPv6(host.replace(/^\[|\]$/g, ''))) throw new TraceError(`${host}: clusters have no IPv6: give an IPv4 address or a name`)
  switch (scheme) {
    case 'http:':
      return { text, protocol: 'tcp', host, port: Number(url.port || 80), path: `${pathname}${search}` }
    case 'tcp:':
    case 'udp:':
      return { text, protocol: scheme === 'tcp:' ? 'tcp' : 'udp', host, port: portOf(url, text) }
    case 'https:':
      return { text, protocol: 'tcp', host, port: Number(url.port || 443), path: `${pathname}${search}`, tls: true }
    default:
      throw new TraceError(`${text}: ${scheme}// is not known: give a destination ${examples}`)
  }
}

/** The same with another host to ask for. Throws `TraceError`. */
export function asking(target: Target, host: string | undefined): Target {
  if (host === undefined) return target
  if (target.path === undefined) throw new TraceError(`--host ${host} goes with http:// or https://, not with ${target.text}`)
  return { ...target, asks: host }
}

/** As a client says it in the Host header. */
export function hostHeader({ host, asks = host, port, tls }: Target): string {
  return port === (tls === true ? 443 : 80) ? asks : `${asks}:${port}`
}

export function isAddress(host: string): boolean {
  return isIP(host) === 4
}

function portOf({ port }: URL, text: string): number {
  if (port === '' || port === '0') throw new TraceError(`${JSON.stringify(text)} has no port: give a destination ${examples}`)
  return Number(port)
}

function urlOf(text: string): URL | undefined {
  return URL.canParse(text) ? new URL(text) : undefined
}
