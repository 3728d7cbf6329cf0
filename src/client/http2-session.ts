import { connect, type ClientHttp2Session } from 'node:http2'
import { isIP } from 'node:net'
import { connect as connectTls, type TLSSocket } from 'node:tls'
import { systemClock, type Clock } from '../base/clock.ts'
import { ConnectionError } from './client.ts'

export interface Http2Options {
  /** `https://host:port`. */
  readonly server: string
  /** PEM. Without it the certificate authorities of the system are trusted. */
  readonly ca?: string
  /** PEM of the client's certificate and key. */
  readonly cert?: string
  readonly key?: string
  /** The present certificate and key, where they are renewed: requests then go over a new connection that shows them. */
  readonly pair?: () => { readonly cert: string; readonly key: string }
  /** Bearer token, or what knows the present one. */
  readonly token?: string | (() => string)
  /** The name that the server's certificate must have, if not the host of `server`. */
  readonly serverName?: string
  /** Takes any certificate of the server. */
  readonly insecure?: boolean
  /** Who asks: the name under which the server notes what was changed. */
  readonly userAgent?: string
  readonly clock?: Clock
  /** How often the peer is asked for a sign of life, and how long it may take; also to connect. */
  readonly pingEveryMs?: number
  readonly pingTimeoutMs?: number
}

/** Bytes that the server may send ahead of what has been read. */
const streamWindow = 1 << 20
const connectionWindow = 1 << 25

/**
 * Keeps one HTTP/2 session to a server: made when first needed, shared by all requests, replaced after it broke or the
 * server said that it is leaving (GOAWAY). A peer that does not answer a ping is given up, with all streams to it.
 */
export class Http2Sessions {
  readonly #options: Http2Options
  #current: Promise<ClientHttp2Session> | undefined
  /** All that are open, or about to be, and what they go over. */
  readonly #open = new Map<ClientHttp2Session, TLSSocket>()
  /** The certificate that the current session shows, if it is one of a renewed pair. */
  #shown: string | undefined
  #closed = false

  constructor(options: Http2Options) {
    this.#options = options
  }

  /** A session that takes requests. Throws `ConnectionError`. */
  get(): Promise<ClientHttp2Session> {
    if (this.#closed) throw new ConnectionError(`${this.#options.server}: the client is closed`)
    if (this.#current !== undefined && this.#options.pair?.().cert !== this.#shown) this.#retire(this.#current)
    this.#current ??= this.#connect()
    return this.#current
  }

  /** Breaks what is under way, be it only a connection to a server that says nothing; nothing can be sent any more. */
  async close(): Promise<void> {
    this.#closed = true
    const current = this.#current
    this.#current = undefined
    for (const [session, socket] of this.#open) breakOff(session, socket)
    await current?.catch(() => undefined)
  }

  /** What is under way, watches among it, ends on the old session, which closes after the last. */
  #retire(session: Promise<ClientHttp2Session>): void {
    this.#current = undefined
    void session.then(
      (old) => old.close(),
      () => undefined, // whoever waits for it is told
    )
  }

  #connect(): Promise<ClientHttp2Session> {
    const { server, pair, clock = systemClock, pingTimeoutMs = 10_000 } = this.#options
    const shown = pair?.()
    this.#shown = shown?.cert
    const socket = tlsSocket(this.#options, shown)
    const session = connect(server, {
      settings: { enablePush: false, initialWindowSize: streamWindow },
      // In MB; unread answers of many watches count towards it.
      maxSessionMemory: 64,
      createConnection: () => socket,
    })
    this.#open.set(session, socket)
    // Every request that is open waits for the end of its session, and watches are open for good.
    session.setMaxListeners(0)
    const { promise, resolve, reject } = Promise.withResolvers<ClientHttp2Session>()
    const cancelTimeout = clock.after(pingTimeoutMs, () => breakOff(session, socket, new Error('timed out connecting')))
    const forget = () => {
      if (this.#current === promise) this.#current = undefined
    }
    session.once('connect', () => {
      cancelTimeout()
      // A watch whose reader is slow fills its own window only, not that of the whole connection.
      session.setLocalWindowSize(connectionWindow)
      this.#pingLater(session)
      resolve(session)
    })
    session.on('goaway', forget)
    // Streams are given the error too; here it only decides whether there is a session.
    session.on('error', (error) => reject(connectionError(server, error)))
    session.once('close', () => {
      cancelTimeout()
      forget()
      this.#open.delete(session)
      reject(new ConnectionError(`${server}: the connection was closed`))
    })
    return promise
  }

  #pingLater(session: ClientHttp2Session): void {
    const { clock = systemClock, pingEveryMs = 15_000, pingTimeoutMs = 10_000 } = this.#options
    const cancel = clock.after(pingEveryMs, () => {
      if (session.destroyed) return
      const giveUp = clock.after(pingTimeoutMs, () => session.destroy(new Error('the server does not answer pings')))
      session.ping((error) => {
        giveUp()
        if (error === null && !session.destroyed) this.#pingLater(session)
      })
    })
    session.once('close', cancel)
  }
}

function tlsSocket({ server, ca, cert, key, serverName, insecure = false }: Http2Options, shown: { cert: string; key: string } | undefined): TLSSocket {
  const { hostname, port } = new URL(server)
  const host = hostname.replace(/^\[(.*)\]$/, '$1')
  const name = serverName ?? (isIP(host) === 0 ? host : undefined)
  return connectTls({
    host,
    port: port === '' ? 443 : Number(port),
    ALPNProtocols: ['h2'],
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    ...shown,
    ...(name === undefined ? {} : { servername: name }),
    rejectUnauthorized: !insecure,
  })
}

/**
 * A session that is destroyed before its socket has connected ends, in Node.js 24 and 26, only when that has: after two minutes, if
 * nobody answers. So the socket is taken away.
 */
function breakOff(session: ClientHttp2Session, socket: TLSSocket, error?: Error): void {
  if (socket.connecting) socket.destroy(error ?? new Error('the client is closed'))
  else session.destroy(error)
}

export function connectionError(server: string, cause: unknown): ConnectionError {
  const message = cause instanceof Error ? cause.message : String(cause)
  return new ConnectionError(`${server}: ${message}`, { cause })
}
