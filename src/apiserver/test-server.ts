import { once } from 'node:events'
import http2, { type ClientHttp2Session, type IncomingHttpHeaders } from 'node:http2'
import { type AddressInfo, createServer } from 'node:net'
import { connect as connectTls, type TLSSocket } from 'node:tls'
import { type KeyPair, throwawayPki, type ThrowawayPki } from '../base/throwaway-pki.ts'
import type { Log } from '../base/log.ts'
import { apiHandler } from './handler.ts'
import { httpServer, type HttpServerOptions } from './http-server.ts'
import { testApi, type TestApi, type TestApiOptions } from './test-api.ts'

export interface TestServer extends AsyncDisposable {
  readonly api: TestApi
  readonly pki: ThrowawayPki
  readonly port: number
  /** How many connections the server has not closed. */
  connectionCount(): Promise<number>
  /** Messages logged as errors. */
  readonly errors: readonly string[]
  /** Ends the server's side of every connection, as at the end of the process. */
  close(): void
  /** A TLS connection; as an administrator unless told otherwise. */
  socket(identity?: Partial<KeyPair>, protocol?: 'http/1.1' | 'h2'): Promise<TLSSocket>
  /** One HTTP/1.1 exchange on a connection of its own: everything that comes back until it ends. */
  exchange(text: string | Buffer, identity?: Partial<KeyPair>): Promise<string>
  session(identity?: Partial<KeyPair>): Promise<ClientHttp2Session>
}

export interface TestServerOptions extends HttpServerOptions, Pick<TestApiOptions, 'upstream' | 'store' | 'clock'> {
  /** A free one unless given. */
  readonly port?: number
}

let pki: Promise<ThrowawayPki> | undefined

/** The API of `testApi` behind its real TLS server on a port of 127.0.0.1. */
export async function testServer(options: TestServerOptions = {}): Promise<TestServer> {
  const authority = await (pki ??= throwawayPki('CN=admin, O=system:masters'))
  const errors: string[] = []
  const { upstream, store, clock } = options
  const api = await testApi({ log: errorLog(errors), ...(upstream && { upstream }), ...(store && { store }), ...(clock && { clock }) })
  const identity = { ca: authority.ca, ...authority.server }
  const server = httpServer(apiHandler(api.context), api.context, identity, options)
  const listener = createServer()
  server.accept((take) => listener.on('connection', take))
  await once(listener.listen(options.port ?? 0, '127.0.0.1'), 'listening')
  const { port } = listener.address() as AddressInfo
  const sessions: ClientHttp2Session[] = []
  const trusted = (identity: Partial<KeyPair> = authority.client) => ({ ca: authority.ca, ...identity })

  const socket = async (identity?: Partial<KeyPair>, protocol = 'http/1.1') => {
    const connection = connectTls({ host: '127.0.0.1', port, ...trusted(identity), ALPNProtocols: [protocol] })
    await once(connection, 'secureConnect')
    // How a connection ends is what tests look at; that it was reset is part of it.
    connection.on('error', () => {})
    return connection
  }
  return {
    api,
    pki: authority,
    port,
    errors,
    connectionCount: () =>
      new Promise((resolve, reject) =>
        listener.getConnections((error, count) => (error === null ? resolve(count) : reject(error))),
      ),
    close: () => server.close(),
    socket,
    exchange: async (text, identity) => {
      const connection = await socket(identity)
      connection.write(text)
      return textOf(connection)
    },
    session: async (identity) => {
      const session = http2.connect(`https://127.0.0.1:${port}`, trusted(identity))
      session.on('error', () => {})
      sessions.push(session)
      await once(session, 'connect')
      return session
    },
    async [Symbol.asyncDispose]() {
      for (const session of sessions) session.destroy()
      server.close()
      await new Promise((resolve) => listener.close(resolve))
      await api[Symbol.asyncDispose]()
    },
  }
}

/** HTTP/2 in frames of one's own making (RFC 9113), for what no client library would send. */
export const frames = {
  preface: Buffer.concat([Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'), frame(0x4, 0, 0)]),
  /** Each field as a literal without indexing (RFC 7541 §6.2.2). The stream stays open for DATA. */
  headers(stream: number, fields: Readonly<Record<string, string>>): Buffer {
    const text = (value: string) => [Buffer.byteLength(value), ...Buffer.from(value)]
    const block = Object.entries(fields).flatMap(([name, value]) => [0, ...text(name), ...text(value)])
    return frame(0x1, 0x4, stream, Buffer.from(block))
  },
  data: (stream: number, text: string, isLast = false) => frame(0x0, isLast ? 0x1 : 0, stream, Buffer.from(text)),
  reset: (stream: number, code: number) => frame(0x3, 0, stream, Buffer.from([0, 0, 0, code])),
}

function frame(type: number, flags: number, stream: number, payload: Buffer = Buffer.alloc(0)): Buffer {
  const header = Buffer.alloc(9)
  header.writeUIntBE(payload.length, 0, 3)
  header.writeUInt8(type, 3)
  header.writeUInt8(flags, 4)
  header.writeUInt32BE(stream, 5)
  return Buffer.concat([header, payload])
}

/** What a connection brings until it ends, in whatever way. */
export async function textOf(connection: TLSSocket): Promise<string> {
  let text = ''
  connection.setEncoding('utf8').on('data', (chunk) => (text += chunk))
  await new Promise((resolve) => connection.on('close', resolve))
  return text
}

/** The answer to one HTTP/2 request. */
export async function http2Request(
  session: ClientHttp2Session,
  headers: IncomingHttpHeaders & Record<string, string>,
  body?: string | Buffer,
): Promise<{ headers: IncomingHttpHeaders; text: string }> {
  const stream = session.request(headers, { endStream: body === undefined })
  if (body !== undefined) stream.end(body)
  let text = ''
  stream.setEncoding('utf8').on('data', (chunk) => (text += chunk))
  const [answer] = (await once(stream, 'response')) as [IncomingHttpHeaders]
  if (!stream.readableEnded) await once(stream, 'end')
  return { headers: answer, text }
}

function errorLog(errors: string[]): Log {
  const log: Log = {
    debug() {},
    info() {},
    warn() {},
    error: (fields, message) => void errors.push(`${message}: ${String(Reflect.get(fields, 'error'))}`),
    child: () => log,
  }
  return log
}
