import { pathNotFound } from '../api/errors.ts'
import type { Schema } from '../api/schema/schema.ts'
import type { KindRegistry } from './kind-registry.ts'
import type { ApiRequest, ApiResponse } from './request.ts'

/** `/openapi/v2` and `/openapi/v3`, built from the kinds that are served when they are first asked for. */
export interface OpenApi {
  serve(path: string, request: ApiRequest): ApiResponse
}

export function openApi(_kinds: KindRegistry, _schema: Schema): OpenApi {
  return {
    serve: () => {
      throw pathNotFound()
    },
  }
}
