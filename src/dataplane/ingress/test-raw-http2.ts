import { once } from 'node:events'
import { connect } from 'node:tls'

/** A header as it is sent, whatever is in it. */
export type RawHeader = readonly [name: string, value: string]

const types = { data: 0, headers: 1, reset: 3, settings: 4, goAway: 7 } as const
const endStream = 1
const endHeaders = 4

/**
 * One HTTP/2 request over TLS, with headers and body that no library would send. Resolves to what came of it: whether there
 * was an answer, or the stream was reset, or the connection ended.
 */
export async function rawHttp2(port: number, { headers, body }: { headers: readonly RawHeader[]; body?: string }): Promise<'answered' | 'refused'> {
  const socket = connect({ port, host: '127.0.0.1', ALPNProtocols: ['h2'], rejectUnauthorized: false })
  socket.on('error', () => {}) // its end is what is waited for
  await once(socket, 'secureConnect')
  socket.write('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')
  socket.write(frame(types.settings, 0, 0, Buffer.alloc(0)))
  socket.write(frame(types.headers, body === undefined ? endHeaders | endStream : endHeaders, 1, Buffer.concat(headers.map(literal))))
  if (body !== undefined) socket.write(frame(types.data, endStream, 1, Buffer.from(body)))
  let received = Buffer.alloc(0)
  for await (const piece of socket) {
    received = Buffer.concat([received, piece as Buffer])
    for (let length = received.readUIntBE(0, 3); received.length >= 9 + length; length = received.length < 9 ? Infinity : received.readUIntBE(0, 3)) {
      const type = received[3]
      received = received.subarray(9 + length)
      if (type !== types.headers && type !== types.reset && type !== types.goAway) continue
      socket.destroy()
      return type === types.headers ? 'answered' : 'refused'
    }
  }
  return 'refused'
}

function frame(type: number, flags: number, stream: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(9)
  head.writeUIntBE(payload.length, 0, 3)
  head.writeUInt8(type, 3)
  head.writeUInt8(flags, 4)
  head.writeUInt32BE(stream, 5)
  return Buffer.concat([head, payload])
}

/** A literal without indexing, with a new name (RFC 7541, 6.2.2). */
function literal([name, value]: RawHeader): Buffer {
  return Buffer.concat([Buffer.from([0]), text(name), text(value)])
}

/** Of less than 127 octets. */
function text(value: string): Buffer {
  const octets = Buffer.from(value, 'latin1')
  return Buffer.concat([Buffer.from([octets.length]), octets])
}
