import { isUtf8 } from 'node:buffer'
import type { IncomingMessage } from 'node:http'
import { constants, type Http2ServerRequest } from 'node:http2'
import { badRequest, tooLarge } from '../api/errors.ts'
import type { Clock } from '../base/clock.ts'
import { mediaTypeOf, protobufMediaType } from './media-type.ts'
import type { ApiRequest } from './request.ts'

/** Largest request body, as upstream's limit. */
const maxBodyBytes = 3 * 1024 * 1024

const byteOrderMark = '\ufeff'

export type RequestBody = Pick<ApiRequest, 'body' | 'protobuf'>

/**
 * A request's body, as text unless it is protobuf; undefined if it did not arrive whole, because the client has gone or did not send it in
 * time: what has come then stands for nothing. Throws a 413 for bodies that are too large, after their end, so that the
 * client reads the answer; a 400 for text that is not UTF-8.
 */
export async function readBody(
  request: Http2ServerRequest | IncomingMessage,
  { clock, timeoutMs }: { clock: Clock; timeoutMs: number },
): Promise<RequestBody | undefined> {
  const chunks: Buffer[] = []
  let size = 0
  const cancelTimeout = clock.after(timeoutMs, () => cutOff(request))
  // Once it has been reset, an HTTP/2 request names no stream any more.
  const stream = 'stream' in request ? request.stream : undefined
  try {
    for await (const chunk of request as AsyncIterable<Buffer>) {
      size += chunk.length
      if (size <= maxBodyBytes) chunks.push(chunk)
      else chunks.length = 0
    }
  } catch (error) {
    if (request.aborted) return undefined
    throw error
  } finally {
    cancelTimeout()
  }
  // A reset ends the body of HTTP/2 as if it were complete.
  if (stream?.closed === true) return undefined
  if (size > maxBodyBytes) throw tooLarge(`Request entity too large: limit is ${maxBodyBytes}`)
  const bytes = wholeOf(chunks)
  const isProtobuf = mediaTypeOf(request.headers['content-type'] ?? '') === protobufMediaType
  return isProtobuf && bytes.length > 0 ? { body: '', protobuf: bytes } : { body: decodeText(bytes, request.headers['content-encoding']) }
}

function cutOff(request: Http2ServerRequest | IncomingMessage): void {
  if ('stream' in request) request.stream.close(constants.NGHTTP2_CANCEL)
  else request.socket.destroy()
}

function wholeOf(chunks: readonly Buffer[]): Buffer {
  const [only, ...others] = chunks
  return only !== undefined && others.length === 0 ? only : Buffer.concat(chunks)
}

function decodeText(bytes: Buffer, encoding: string | undefined): string {
  if (!isUtf8(bytes)) {
    // As upstream, which takes the header for a remark: a body that is text all the same is read.
    const hint = encoding === undefined ? '' : ` (its Content-Encoding is ${JSON.stringify(encoding)}; bodies of requests may not be compressed)`
    throw badRequest(`the body of the request is not valid UTF-8${hint}`)
  }
  const text = bytes.toString()
  return text.startsWith(byteOrderMark) ? text.slice(1) : text
}
