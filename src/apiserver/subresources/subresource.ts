import type { IncomingHttpHeaders } from 'node:http'
import type { ApiContext, ResourceRequest } from '../context.ts'
import type { ApiResponse } from '../request.ts'
import type { Verb } from '../request-info.ts'
import type { UpgradeAnswer } from '../upstream.ts'

/** One subresource, for the kinds that it applies to. */
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

/** A subresource whose connection can be upgraded: `streaming.ts` serves these, and joins the client with whom they found. */
export interface UpgradedSubresource extends Subresource {
  upgrade(context: ApiContext, request: ResourceRequest, asked: UpgradeRequest): Promise<UpgradeAnswer>
}

/** An upgrade as the client asked for it. */
export interface UpgradeRequest {
  /** Path and query, as they came. */
  readonly url: string
  readonly headers: IncomingHttpHeaders
  readonly remoteAddress: string
}

export function isUpgraded(subresource: Subresource | undefined): subresource is UpgradedSubresource {
  return subresource !== undefined && 'upgrade' in subresource
}
