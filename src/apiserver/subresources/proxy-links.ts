/** What a proxied page's links are to the client: the backend's `/` is `prefix` there. */
export interface LinkSpace {
  /** Path of the proxy as the client asked for it, without a slash at its end. */
  readonly prefix: string
  /** `host:port` of the backend, as it may name itself. */
  readonly backendHost: string
  /** `host:port` under which the client reached the server, and the backend may think to be reached. */
  readonly clientHost: string
}

/** An absolute path, with or without the origin that it is of. */
const absolute = /^((?:https?:)?\/\/([^/?#]*))?(\/.*)$/is

/**
 * A link of a proxied page, led through the proxy. Links to elsewhere and relative ones stay as they are
 * (k8s.io/apimachinery/pkg/util/proxy `Transport`).
 */
export function rewriteLink(link: string, { prefix, backendHost, clientHost }: LinkSpace): string {
  const [, origin = '', host = '', path = ''] = absolute.exec(link.trim()) ?? []
  if (path === '') return link
  if (host !== '' && host !== backendHost && host !== clientHost) return link
  const before = host === clientHost ? origin : ''
  return path === prefix || path.startsWith(`${prefix}/`) ? before + path : before + prefix + path
}
