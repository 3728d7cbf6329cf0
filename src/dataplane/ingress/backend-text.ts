import type { User } from './htpasswd.ts'
import { unsharedVariable } from './main-text.ts'
import type { Cors, Settings } from './settings.ts'

/** All that a backend is made of, beside its endpoints. */
export interface BackendPlan {
  /** `default/web`, and its port as the Ingress names it: what clients are told of. */
  readonly service: string
  readonly port: string
  readonly settings: Settings
  /** The path of the rule, for `rewriteTarget`. */
  readonly prefix?: string
  /** Present if `settings.auth` is; none if its Secret cannot be used: then nobody is let in. */
  readonly users?: readonly User[]
  /** Present with `sessionAffinity: ClientIP`. */
  readonly affinitySeconds?: number
}

/** The lines of a backend that come before its servers. What is in `plan` has been checked for what it may consist of. */
export function backendText(name: string, plan: BackendPlan): string {
  const { settings } = plan
  return [
    ...(plan.users === undefined ? [] : userList(name, plan.users)),
    ...(settings.rateLimit === undefined ? [] : rateTable(name)),
    `backend ${name}`,
    ...timeouts(settings),
    ...balancing(plan),
    ...reuse(settings),
    ...(settings.sslRedirect === true ? ['http-request redirect scheme https code 308 unless { ssl_fc }'] : []),
    ...sources(settings),
    ...(settings.rateLimit === undefined ? [] : rateLimit(name, settings.rateLimit)),
    ...(settings.cors === undefined ? [] : cors(settings.cors)),
    ...(settings.auth === undefined ? [] : authentication(name, settings.auth.realm, plan.users ?? [])),
    ...(settings.maxBodySize === undefined ? [] : bodySize(settings.maxBodySize)),
    unavailable(plan),
    ...(settings.rewriteTarget === undefined ? [] : [rewrite(plan.prefix ?? '', settings.rewriteTarget)]),
    '',
  ].map(indented).join('\n')
}

/**
 * Any request may have a connection that waits for the next, unless it is unshared. With TLS the name by which these are
 * told apart is that of the host, and streams of HTTP/2 would share one with other clients.
 */
function reuse({ protocol }: Settings): string[] {
  return protocol === undefined ? ['http-reuse always'] : []
}

/** What each server line of the backend ends with. */
export function serverOptions({ protocol }: Settings): string {
  switch (protocol) {
    case undefined:
      // Without TLS nobody is told of it: it only sets connections apart.
      return ` sni var(${unsharedVariable})`
    case 'https':
      // Pods have certificates of their own making.
      return ' ssl verify none alpn h2,http/1.1 sni req.hdr(host),field(1,:)'
    case 'h2c':
      return ' proto h2'
    default:
      return protocol satisfies never
  }
}

function indented(line: string): string {
  return line === '' || /^(backend|userlist) /.test(line) ? line : `  ${line}`
}

function refuse(status: number, reason: string, condition: string): string {
  return `http-request return status ${status} content-type text/plain hdr X-Content-Type-Options nosniff string ${quoted(`portolan: ${reason}\\n`)} ${condition}`
}

/**
 * What a client is told if no endpoint took its request. Only then are the servers counted: a process that another has
 * replaced counts none, and still serves.
 */
function unavailable({ service, port }: BackendPlan): string {
  const endpoints = `%[nbsrv(),bool,iif('endpoints, none of which takes requests,','no ready endpoint')]`
  return `http-error status 503 content-type text/plain lf-string "portolan: the Service ${service} has ${endpoints} for its port ${port}\\n"`
}

/** Only text of our own and names of the API come here. */
function quoted(text: string): string {
  return `"${text}"`
}

function timeouts({ connectTimeoutMs, responseTimeoutMs }: Settings): string[] {
  return [
    ...(connectTimeoutMs === undefined ? [] : [`timeout connect ${connectTimeoutMs}ms`]),
    ...(responseTimeoutMs === undefined ? [] : [`timeout server ${responseTimeoutMs}ms`]),
  ]
}

function balancing({ affinitySeconds, settings: { stickyCookie } }: BackendPlan): string[] {
  if (stickyCookie !== undefined) {
    return ['balance roundrobin', `cookie ${stickyCookie} insert indirect nocache httponly dynamic attr "SameSite=Lax"`, 'dynamic-cookie-key portolan']
  }
  if (affinitySeconds === undefined) return ['balance roundrobin']
  // Whoever is new, or forgotten after a reload, is led by a hash that moves few when endpoints change.
  return ['balance source', 'hash-type consistent', `stick-table type ip size 100k expire ${affinitySeconds}s`, 'stick on src']
}

function sources({ allowedSources }: Settings): string[] {
  if (allowedSources === undefined) return []
  return [
    ...allowedSources.map((range) => `acl is-allowed src ${range}`),
    refuse(403, 'this address is not on the list of those that may', 'unless is-allowed'),
  ]
}

function rateTable(name: string): string[] {
  return [`backend ${rateName(name)}`, 'stick-table type ip size 100k expire 10s store http_req_rate(1s)', '']
}

function rateLimit(name: string, perSecond: number): string[] {
  return [
    `http-request track-sc0 src table ${rateName(name)}`,
    refuse(429, 'too many requests', `if { sc_http_req_rate(0) gt ${perSecond} }`),
  ]
}

function rateName(name: string): string {
  return `rate:${name}`
}

function userList(name: string, users: readonly User[]): string[] {
  return [`userlist users:${name}`, ...users.map((user) => `user ${user.name} password ${user.hash}`), '']
}

function authentication(name: string, realm: string, users: readonly User[]): string[] {
  if (users.length === 0) return [refuse(503, 'its list of users cannot be used', 'if TRUE')]
  return [`http-request auth realm "${realm}" unless { http_auth(users:${name}) }`]
}

/** A body whose length is not told cannot be refused before it has passed. */
function bodySize(most: number): string[] {
  const withBody = '{ method POST PUT PATCH }'
  return [
    refuse(411, 'the length of the body must be told', `if ${withBody} !{ req.hdr(content-length) -m found }`),
    refuse(413, 'the body is too large', `if { req.hdr(content-length) -m int gt ${most} }`),
  ]
}

function cors({ origins, methods, headers, allowsCredentials, maxAgeSeconds }: Cors): string[] {
  const isAny = origins.includes('*')
  const known = isAny ? '{ var(txn.origin) -m found }' : '{ var(txn.origin_ok) -m bool }'
  const preflight = `{ method OPTIONS } { req.hdr(access-control-request-method) -m found } ${known}`
  const allowOrigin = isAny && !allowsCredentials ? '"*"' : '"%[var(txn.origin)]"'
  const credentials = allowsCredentials ? 'hdr Access-Control-Allow-Credentials true ' : ''
  return [
    'http-request set-var(txn.origin) req.hdr(origin)',
    ...origins.filter((origin) => origin !== '*').map((origin) => `http-request set-var(txn.origin_ok) bool(true) if { var(txn.origin) -m str ${origin} }`),
    `http-request return status 204 hdr Access-Control-Allow-Origin ${allowOrigin} hdr Vary Origin ` +
      `hdr Access-Control-Allow-Methods "${methods.join(', ')}" hdr Access-Control-Allow-Headers "${headers.join(', ')}" ` +
      `${credentials}hdr Access-Control-Max-Age ${maxAgeSeconds} if ${preflight}`,
    `http-response set-header Access-Control-Allow-Origin ${allowOrigin} if ${known}`,
    `http-response add-header Vary Origin if ${known}`,
    ...(allowsCredentials ? [`http-response set-header Access-Control-Allow-Credentials true if ${known}`] : []),
  ]
}

/** `/api/users` becomes `/v1/users` for the rule `/api` and the target `/v1`. */
function rewrite(prefix: string, target: string): string {
  const matched = prefix.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
  const base = target.replace(/\/+$/, '')
  return `http-request replace-path ^${hashed(matched)}(?:/(.*))?$ ${hashed(base)}/\\1`
}

/** Of what a path may consist of, blanks are none, but these mean something in the configuration. */
function hashed(text: string): string {
  return text.replace(/\\/g, '\\\\').replace(/[#'"]/g, '\\$&')
}
