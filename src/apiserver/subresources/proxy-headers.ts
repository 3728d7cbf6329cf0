import type { IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http'
import type { RawRequest } from '../request.ts'

/** They speak of one connection and are not passed on (RFC 9110 §7.6.1), nor are those that `Connection` names. */
const ofOneConnection = new Set([
  'connection',
  'expect',
  'http2-settings',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

/** Who the client is, and as whom it acts, is between it and this server. */
const ofTheClient = /^(authorization$|impersonate-)/

/** Grants by an origin's own word: the origin that the browser sees is this server, with every other proxied page. */
const ofTheOrigin = /^access-control-allow-(credentials|headers|methods|origin)$/

/** A token among the protocols of a WebSocket (k8s.io/apiserver/pkg/authentication/request/websocket). */
const tokenProtocol = /^base64url\.bearer\.authorization\.k8s\.io\./

/** The headers of a request for the backend. `forwardedUri` is the path as the client sees it. */
export function requestHeaders({ headers, remoteAddress, body }: RawRequest, forwardedUri: string): OutgoingHttpHeaders {
  return {
    ...kept(headers),
    ...forwardedFor(headers, remoteAddress),
    host: hostOf(headers),
    'x-forwarded-uri': forwardedUri,
    ...(body !== undefined && headers['content-length'] === undefined && { 'transfer-encoding': 'chunked' }),
  }
}

/** The same for an upgrade, which is of one connection by its nature. */
export function upgradeHeaders({ headers, remoteAddress }: Pick<RawRequest, 'headers' | 'remoteAddress'>): OutgoingHttpHeaders {
  const { 'sec-websocket-protocol': offered, ...others } = kept(headers)
  const protocols = offered?.split(',').filter((protocol) => !tokenProtocol.test(protocol.trim())) ?? []
  return {
    ...others,
    ...forwardedFor(headers, remoteAddress),
    host: hostOf(headers),
    connection: 'Upgrade',
    ...(headers.upgrade !== undefined && { upgrade: headers.upgrade }),
    ...(protocols.length > 0 && { 'sec-websocket-protocol': protocols.join(',').trim() }),
  }
}

/** The headers of the backend's answer for the client. */
export function responseHeaders(headers: IncomingHttpHeaders): Record<string, string | readonly string[]> {
  const result: Record<string, string | readonly string[]> = {}
  for (const [name, value] of Object.entries(kept(headers))) {
    if (value !== undefined && !ofTheOrigin.test(name)) result[name] = value
  }
  return result
}

/** What the client takes the host to be: HTTP/2 has another name for it. */
export function hostOf(headers: IncomingHttpHeaders): string {
  return String(headers.host ?? headers[':authority'] ?? '')
}

function kept(headers: IncomingHttpHeaders): IncomingHttpHeaders {
  const named = (headers.connection ?? '').split(',').map((name) => name.trim().toLowerCase())
  return Object.fromEntries(
    Object.entries(headers).filter(
      ([name]) => !name.startsWith(':') && !ofOneConnection.has(name) && !named.includes(name) && !ofTheClient.test(name),
    ),
  )
}

function forwardedFor(headers: IncomingHttpHeaders, remoteAddress: string): OutgoingHttpHeaders {
  const before = headers['x-forwarded-for']
  return { 'x-forwarded-for': before === undefined ? remoteAddress : `${String(before)}, ${remoteAddress}` }
}
