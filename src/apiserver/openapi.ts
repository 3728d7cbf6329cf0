import { pathNotFound } from '../api/errors.ts'
import type { Schema } from '../api/schema/schema.ts'
import type { Clock } from '../base/clock.ts'
import type { KindRegistry } from './kind-registry.ts'
import { parseAccept } from './negotiate.ts'
import { type Hashed, OpenApiDocuments } from './openapi/documents.ts'
import { openApiV3Url } from './openapi/v3.ts'
import type { ApiRequest, ApiResponse } from './request.ts'

/** `/openapi/v2` and `/openapi/v3`, built from the kinds that are served when they are first asked for. */
export interface OpenApi {
  /** Throws a 404 for paths below /openapi that are neither. */
  serve(path: string, request: Pick<ApiRequest, 'accept' | 'query'>): ApiResponse
}

/** The protobuf form of the version 2 document, which kubectl ≤ 1.26 asks for by a name that is no valid media type. */
const protobufType = 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf'
const protobufTypes = [protobufType, 'application/com.github.proto-openapi.spec.v2@v1.0+protobuf']
const v3Prefix = '/openapi/v3/'
const yearMs = 365 * 24 * 3_600_000

export function openApi(kinds: KindRegistry, schema: Schema, clock: Pick<Clock, 'now'>): OpenApi {
  const documents = new OpenApiDocuments(kinds, schema)
  return {
    serve(path, { accept, query }) {
      if (path === '/openapi/v3') return { status: 200, contentType: jsonType, body: documents.v3Index() }
      if (path === '/openapi/v2') {
        const isProtobuf = parseAccept(accept).some(({ type }) => protobufTypes.includes(type))
        return isProtobuf ? tagged(documents.v2Protobuf(), protobufType) : tagged(documents.v2(), jsonType)
      }
      const groupVersion = path.startsWith(v3Prefix) ? path.slice(v3Prefix.length) : ''
      const document = documents.v3(groupVersion)
      if (document === undefined) throw pathNotFound()
      const answer = tagged(document, jsonType)
      const asked = query.get('hash') ?? ''
      if (asked === '') return answer
      if (asked !== document.hash) return movedTo(openApiV3Url({ path: groupVersion, hash: document.hash }))
      return { ...answer, headers: { ...answer.headers, ...keptForGood(clock.now()) } }
    },
  }
}

const jsonType = 'application/json'

/** A client that has it is told so in a few bytes. */
function tagged({ body, hash }: Hashed<string | Uint8Array>, contentType: string): ApiResponse {
  return { status: 200, contentType, body, headers: { etag: JSON.stringify(hash), vary: 'Accept' } }
}

/** Under this hash there will never be anything else. */
function keptForGood(now: Date): ApiResponse['headers'] {
  return { 'cache-control': 'public, immutable', expires: new Date(now.getTime() + yearMs).toUTCString() }
}

function movedTo(location: string): ApiResponse {
  return { status: 301, contentType: '', headers: { location }, body: '' }
}
