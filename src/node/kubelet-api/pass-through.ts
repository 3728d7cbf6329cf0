import type { IncomingMessage } from 'node:http'
import { connect, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'

/**
 * Connects an upgraded client connection with the runtime's streaming server, byte for byte: request, answer and all
 * that follows. Each side's end is passed on as an end, so that the other may still finish; a broken side breaks
 * the other. `head` is what came with the request.
 */
export function passThrough(request: IncomingMessage, client: Duplex, head: Buffer, url: URL): void {
  const runtime = connect({ host: url.hostname, port: Number(url.port), allowHalfOpen: true })
  breakTogether(client, runtime)
  runtime.once('connect', () => {
    runtime.setNoDelay(true)
    runtime.write(requestHead(request, url))
    runtime.write(head)
    client.pipe(runtime)
    runtime.pipe(client)
  })
}

/** The client's own request for another address. Who the client is does not concern the runtime. */
function requestHead(request: IncomingMessage, url: URL): string {
  const lines = [`${request.method} ${url.pathname}${url.search} HTTP/1.1`, `Host: ${url.host}`]
  for (let index = 0; index + 1 < request.rawHeaders.length; index += 2) {
    const name = request.rawHeaders[index] ?? ''
    if (!['host', 'authorization'].includes(name.toLowerCase())) lines.push(`${name}: ${request.rawHeaders[index + 1]}`)
  }
  return `${lines.join('\r\n')}\r\n\r\n`
}

function breakTogether(client: Duplex, runtime: Socket): void {
  let connected = false
  runtime.once('connect', () => {
    connected = true
  })
  runtime.on('error', (error) => {
    if (connected) client.destroy()
    else refuse(client, 502, `the runtime's streaming server cannot be reached: ${error.message}`)
  })
  client.on('error', () => runtime.destroy())
  client.on('close', () => runtime.destroy())
  // A runtime that has closed has been read to its end: what was read still goes to the client.
  runtime.on('close', (hadError) => {
    if (!hadError) client.end()
  })
}

const reasons: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  403: 'Forbidden',
  404: 'Not Found',
  500: 'Internal Server Error',
  502: 'Bad Gateway',
}

/** Answers an upgrade request with a plain response and ends the connection. */
export function refuse(client: Duplex, status: number, message: string): void {
  const body = Buffer.from(`${message}\n`)
  client.end(
    Buffer.concat([
      Buffer.from(
        `HTTP/1.1 ${status} ${reasons[status] ?? ''}\r\nContent-Type: text/plain; charset=utf-8\r\n` +
          `Content-Length: ${body.length}\r\nConnection: close\r\n\r\n`,
      ),
      body,
    ]),
  )
}
