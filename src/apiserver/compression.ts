import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import { parseAccept } from './negotiate.ts'

/** Only answers that are larger are compressed, as upstream: it costs more than it saves on the others. */
export const compressedFromBytes = 128 * 1024
/** Further answers are sent as they are, so that compressing takes a bounded share of the machine. */
const maxAtOnce = 2
/** As upstream: most of the saving at a fraction of the time. */
const options = { level: 1, chunkSize: 256 * 1024 }

const compress = promisify<Uint8Array, typeof options, Buffer>(gzip)

/** Compresses answers in threads of their own. */
export class Compression {
  #atOnce = 0

  /** The body in gzip; undefined if it is better sent as it is. `acceptEncoding` is the client's header. */
  async gzip(body: Uint8Array, acceptEncoding: string): Promise<Uint8Array | undefined> {
    if (body.byteLength <= compressedFromBytes || !acceptsGzip(acceptEncoding) || this.#atOnce >= maxAtOnce) return undefined
    this.#atOnce += 1
    try {
      return await compress(body, options)
    } finally {
      this.#atOnce -= 1
    }
  }
}

/** Whether gzip is named with a quality above zero (RFC 9110 §12.5.3). */
function acceptsGzip(acceptEncoding: string): boolean {
  return parseAccept(acceptEncoding).some(({ type }) => type === 'gzip')
}
