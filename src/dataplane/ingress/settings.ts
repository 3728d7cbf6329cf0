/** How requests of one route are treated, beside where they go. Absent means "as usual". */
export interface Settings {
  readonly sslRedirect?: true
  readonly rewriteTarget?: string
  readonly connectTimeoutMs?: number
  readonly responseTimeoutMs?: number
  /** In bytes. */
  readonly maxBodySize?: number
  readonly protocol?: 'https' | 'h2c'
  readonly cors?: Cors
  /** The name of a Secret in the namespace of the Ingress. */
  readonly auth?: { readonly secret: string; readonly realm: string }
  /** Requests a second from one client address. */
  readonly rateLimit?: number
  /** IPv4 addresses and ranges; others are refused. */
  readonly allowedSources?: readonly string[]
  readonly stickyCookie?: string
}

export interface Cors {
  /** `*`, or origins such as `https://example.com`. */
  readonly origins: readonly string[]
  readonly methods: readonly string[]
  readonly headers: readonly string[]
  readonly allowsCredentials: boolean
  readonly maxAgeSeconds: number
}

/** Present if the Ingress takes a part of the requests of another one. */
export interface Canary {
  /** In percent. */
  readonly weight: number
  /** A request in which it is `always` or `never` is led accordingly, whatever the weight. */
  readonly header?: string
}

/** What the annotations of one Ingress ask for. */
export interface Wishes {
  readonly settings: Settings
  readonly canary?: Canary
  /** Namespaces whose Ingresses may have rules for the hosts of this one. */
  readonly sharesHostsWith: readonly string[]
}
