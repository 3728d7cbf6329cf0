import { pathNotFound } from '../api/errors.ts'
import type { Schema } from '../api/schema/schema.ts'
import type { KindRegistry } from './kind-registry.ts'
import { parseAccept } from './negotiate.ts'
import { OpenApiDocuments } from './openapi/documents.ts'
import type { ApiRequest, ApiResponse } from './request.ts'

/** `/openapi/v2` and `/openapi/v3`, built from the kinds that are served when they are first asked for. */
export interface OpenApi {
  /** Throws a 404 for paths below /openapi that are neither. */
  serve(path: string, request: Pick<ApiRequest, 'accept'>): ApiResponse
}

/** The protobuf form of the version 2 document, which kubectl ≤ 1.26 asks for by a name that is no valid media type. */
const protobufType = 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf'
const protobufTypes = [protobufType, 'application/com.github.proto-openapi.spec.v2@v1.0+protobuf']
const v3Prefix = '/openapi/v3/'

export function openApi(kinds: KindRegistry, schema: Schema): OpenApi {
  const documents = new OpenApiDocuments(kinds, schema)
  const json = (body: string): ApiResponse => ({ status: 200, contentType: 'application/json', body })
  return {
    serve(path, { accept }) {
      if (path === '/openapi/v3') return json(documents.v3Index())
      if (path === '/openapi/v2') {
        if (!parseAccept(accept).some(({ type }) => protobufTypes.includes(type))) return json(documents.v2())
        return { status: 200, contentType: protobufType, body: documents.v2Protobuf() }
      }
      const document = path.startsWith(v3Prefix) ? documents.v3(path.slice(v3Prefix.length)) : undefined
      if (document === undefined) throw pathNotFound()
      return json(document)
    },
  }
}
