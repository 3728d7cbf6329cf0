import { anyHost } from './owners.ts'

/** What HAProxy is to be beside what Ingresses ask for. */
export interface MainSettings {
  /** Where clients come: `203.0.113.3`, or `*`. */
  readonly addresses: readonly string[]
  readonly ports: { readonly http: number; readonly https: number }
  /** Where connections come by way of others, who tell of the client in a PROXY header; nowhere unless given. */
  readonly relayedAt?: string
  readonly directory: string
  readonly threads: number
  /** How long a client may say nothing in the midst of a request, or take nothing of an answer; a minute unless given. */
  readonly clientTimeoutMs?: number
  /** Whether each request is written as a line of JSON to standard error. */
  readonly accessLog: boolean
  /** Where metrics are served in Prometheus' text format; nowhere unless given. */
  readonly metrics?: SocketAddress
  /** Where they are when an IngressClass asks for them. */
  readonly metricsAt?: SocketAddress
}

interface SocketAddress {
  readonly address: string
  readonly port: number
}

export const files = {
  config: 'haproxy.cfg',
  certificateList: 'certificates.list',
  certificates: 'certificates',
  defaultCertificate: 'default.pem',
  maps: 'maps',
  emptyRoot: 'empty',
} as const

/** The environment of HAProxy says with it where its runtime socket is: each process has its own. */
export const runtimeSocketVariable = 'RUNTIME_SOCKET'

/**
 * A variable that the first request of a client's connection has, if it cannot be sent again: it gets a connection of
 * its own to the server, as one that waits might just be being closed. HAProxy shares only those for which the variable
 * is the same: see `serverOptions`. Of HTTP/2 no request is the first for HAProxy: where a connection that waited brings
 * no answer, it resets the stream as refused, and clients send such requests again themselves.
 */
export const unsharedVariable = 'txn.unshared'

/** What may be sent again when no answer comes, as it does no harm; with a body it may be too long to be kept for that. */
const repeatable = '{ method GET HEAD OPTIONS }'
const hasBody = ['{ req.hdr(content-length) -m found }', '{ req.hdr(transfer-encoding) -m found }']
const unshared = [`!${repeatable}`, ...hasBody].map((condition) => `{ http_first_req } ${condition}`).join(' or ')

/** The configuration before the backends. `canaries` are rules of the frontend. */
export function mainText(settings: MainSettings, canaries: readonly string[]): string {
  return [...globalSection(settings), ...tracedSection, ...defaults, ...metricsSection(settings), ...frontend(settings, canaries), ''].join('\n')
}

function globalSection({ directory, threads }: MainSettings): string[] {
  return [
    'global',
    `  nbthread ${threads}`,
    // As many connections as there are descriptors for; each takes two.
    '  fd-hard-limit 20000',
    // Whoever breaks in finds nothing, and may do nothing.
    '  uid 65534',
    '  gid 65534',
    `  chroot ${directory}/${files.emptyRoot}`,
    `  stats socket "\${${runtimeSocketVariable}-${directory}/runtime.sock}" mode 600 level admin expose-fd listeners`,
    '  stats timeout 1m',
    `  log stderr len ${longestLine} format raw local0`,
    '  ssl-default-bind-options ssl-min-ver TLSv1.2 no-tls-tickets',
    '  ssl-default-bind-ciphers ECDHE+AESGCM:ECDHE+CHACHA20',
    '  ssl-server-verify none',
    '  tune.ssl.default-dh-param 2048',
    '',
  ]
}

const defaults = [
  'defaults',
  '  mode http',
  '  timeout connect 2s',
  '  timeout client 60s',
  '  timeout server 60s',
  '  timeout http-request 10s',
  '  timeout http-keep-alive 60s',
  '  timeout client-fin 10s',
  '  timeout tunnel 1h',
  // A connection is tried elsewhere if its pod has just gone; a request is sent again only where that cannot do harm.
  '  retries 3',
  '  option redispatch 1',
  '  retry-on conn-failure empty-response',
  // Connections that wait for the next request are closed some 5 s after their node has vanished without a word. So are
  // those on which an answer or an upgraded connection is silent for now: HAProxy cannot tell them apart.
  '  option srvtcpka',
  '  srvtcpka-idle 1s',
  '  srvtcpka-intvl 1s',
  '  srvtcpka-cnt 4',
  // Clients that wait with their next request when HAProxy is replaced are answered by the old one.
  '  option idle-close-on-response',
  ...[
    [400, 'the request cannot be understood'],
    [408, 'the request took too long'],
    [500, 'the request could not be served'],
    [502, 'the pod gave no answer that could be understood'],
    [503, 'no pod took the request'],
    [504, 'the pod gave no answer in time'],
  ].map(([status, reason]) => `  http-error status ${status} content-type text/plain string "portolan: ${reason}\\n"`),
  '',
]

function metricsSection({ metrics }: MainSettings): string[] {
  if (metrics === undefined) return []
  return [
    'frontend metrics',
    `  bind ${metrics.address}:${metrics.port}`,
    '  http-request use-service prometheus-exporter if { path /metrics }',
    '  http-request return status 404',
    '',
  ]
}

/**
 * Hosts and paths are found in maps. A path is looked up with its host before it, and for prefixes with a slash behind
 * it: then the longest prefix that HAProxy finds ends where an element of the path does. Hosts that have rules are not
 * served by those for any host.
 */
function frontend(settings: MainSettings, canaries: readonly string[]): string[] {
  const { addresses, relayedAt, ports, directory, accessLog, clientTimeoutMs } = settings
  const map = (name: string) => `map_str(${directory}/${files.maps}/${name}.map)`
  const weights = `map_str_int(${directory}/${files.maps}/canaries.map,0)`
  const longest = `map_beg(${directory}/${files.maps}/prefixes.map)`
  const tls = `ssl crt-list ${directory}/${files.certificateList} alpn h2,http/1.1`
  return [
    'frontend ingress',
    ...(clientTimeoutMs === undefined ? [] : [`  timeout client ${clientTimeoutMs}ms`]),
    ...addresses.map((address) => `  bind ${address}:${ports.http}`),
    ...addresses.map((address) => `  bind ${address}:${ports.https} ${tls}`),
    ...(relayedAt === undefined ? [] : [`  bind ${relayedAt}:${ports.http} accept-proxy`, `  bind ${relayedAt}:${ports.https} accept-proxy ${tls}`]),
    ...requestLog(accessLog),
    '  http-request set-var(txn.host) req.hdr(host),field(1,:),lower,rtrim(.)',
    '  http-request set-var(txn.path) path',
    // It would be routed by what it begins with, and served by what it comes to; some servers drop `;` and what follows first.
    // The words that it must have one of are looked for first, as that is cheap.
    `  ${answer(400, 'the path has dots that lead upwards', '{ var(txn.path) -m sub /. %2 } { var(txn.path),url_dec -m reg (^|/)\\.\\.?(;[^/]*)?(/|$) }')}`,
    `  http-request disable-l7-retry unless ${repeatable}`,
    `  http-request set-var(${unsharedVariable}) uuid() if ${unshared}`,
    `  http-request set-var(txn.rules) var(txn.host),${map('hosts')}`,
    // A host that has rules of its own is a name.
    `  ${answer(400, 'the host is not a name', '!{ var(txn.rules) -m found } !{ var(txn.host) -m reg ^[a-z0-9._-]*$ }')}`,
    `  http-request set-var(txn.rules) var(txn.host),regsub(^[^.]+,*),${map('hosts')} unless { var(txn.rules) -m found }`,
    `  http-request set-var(txn.rules) str(${anyHost}) unless { var(txn.rules) -m found }`,
    '  http-request set-var(txn.key) var(txn.rules),concat(,txn.path)',
    `  http-request set-var(txn.backend) var(txn.key),${map('exact')}`,
    `  http-request set-var(txn.backend) var(txn.key),concat(/),${longest} unless { var(txn.backend) -m found }`,
    `  http-request set-var(txn.backend) var(txn.rules),${map('defaults')} unless { var(txn.backend) -m found }`,
    ...forwarded.map((line) => `  ${line}`),
    ...(canaries.length === 0 ? [] : [`  http-request set-var(txn.weight) var(txn.backend),${weights}`]),
    ...canaries.map((line) => `  ${line}`),
    ...(canaries.length === 0 ? [] : ['  http-request set-var(txn.backend) var(txn.canary) if { var(txn.canary) -m found }']),
    '  use_backend %[var(txn.backend)]',
    '  default_backend nobody',
    '',
    'backend nobody',
    `  ${answer(404, 'no Ingress has a rule for the host %[var(txn.host)]', `!{ var(txn.backend) -m found } { var(txn.rules) -m str -- ${anyHost} }`)}`,
    `  ${answer(404, 'no rule for the host %[var(txn.host)] matches the path %[var(txn.path)]', '!{ var(txn.backend) -m found }')}`,
    `  ${answer(503, 'this backend cannot be served as its Ingress describes it', 'TRUE')}`,
    '',
  ]
}

function answer(status: number, reason: string, condition: string): string {
  const nosniff = 'hdr X-Content-Type-Options nosniff'
  return `http-request return status ${status} content-type text/plain ${nosniff} lf-string "portolan: ${reason}\\n" if ${condition}`
}

/** What clients say of themselves in these headers is not believed. */
const forwarded = [
  'http-request del-header Forwarded',
  'http-request set-header X-Forwarded-For %[src]',
  'http-request set-header X-Real-IP %[src]',
  'http-request set-header X-Forwarded-Host %[req.hdr(host)]',
  'http-request set-header X-Forwarded-Port %[dst_port]',
  'http-request set-header X-Forwarded-Proto %[ssl_fc,iif(https,http)]',
]

/**
 * Requests are told of in a ring that is read over the runtime socket (traced-request.ts): those that were asked for by
 * the client's port, which are none as long as there is no trace. For others this is one look into an empty list, and
 * no line is made, unless they end before they can be understood. The access log has all of them.
 */
export const traced = { ring: 'traced', acl: 7_401 } as const

/** Of a line: paths are some 15,000 letters at most. */
const longestLine = 20_000

const tracedSection = [`ring ${traced.ring}`, '  format raw', `  maxlen ${longestLine}`, `  size ${4 * longestLine}`, '']

function requestLog(isForAll: boolean): string[] {
  return [
    ...(isForAll ? ['  log global'] : []),
    `  log ring@${traced.ring} len ${longestLine} format raw local0`,
    `  log-format '${requestFormat}'`,
    // Port 0 is nobody's: HAProxy wants a list with something in it.
    ...(isForAll ? [] : [`  http-request set-log-level silent unless { src_port -u ${traced.acl} 0 }`]),
  ]
}

/** `%{+json}` is not to be had in 2.6: each text is encoded by itself. Times are in milliseconds; -1 is none. */
const requestFormat =
  '{"time":"%[date(0,ms),ltime(%Y-%m-%dT%H:%M:%S)]","client":"%ci","port":%cp,"method":"%[capture.req.method,json(utf8s)]",' +
  '"host":"%[var(txn.host),json(utf8s)]","path":"%[var(txn.path),json(utf8s)]","status":%ST,"bytes":%B,"ms":%Ta,' +
  '"timers":{"request":%TR,"queue":%Tw,"connect":%Tc,"response":%Tr,"data":%Td},"retries":"%rc","end":"%ts",' +
  '"rules":"%[var(txn.rules),json(utf8s)]","backend":"%b","slot":"%s","server":"%si:%sp","source":"%bi:%bp",' +
  '"tls":"%sslv","cipher":"%sslc","sni":"%[ssl_fc_sni,json(utf8s)]"}'
