import type { ApiContext, ResourceRequest } from '../context.ts'
import type { ApiResponse } from '../request.ts'
import type { Verb } from '../request-info.ts'

/**
 * One subresource, for the kinds that it applies to. Streaming ones (exec, attach, port-forward) upgrade the
 * connection and are served by `streaming.ts`.
 */
export interface Subresource {
  readonly name: string
  /** As discovery lists it. */
  readonly kind: string
  readonly group?: string
  readonly version?: string
  readonly verbs: readonly Verb[]
  appliesTo(request: Pick<ResourceRequest, 'kind'>): boolean
  serve(context: ApiContext, request: ResourceRequest, verb: Verb): Promise<ApiResponse>
}
