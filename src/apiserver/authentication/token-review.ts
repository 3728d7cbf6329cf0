import type { V1TokenReviewSpec } from '@kubernetes/client-node'
import { badRequest } from '../../api/errors.ts'
import type { KubeObject, Wire } from '../../api/object.ts'
import type { Resource } from '../../api/resource.ts'
import type { VirtualResource } from '../virtual-resource.ts'
import { userInfo } from './self-subject-review.ts'
import { InvalidToken } from './token-keys.ts'

interface TokenReview extends KubeObject {
  spec?: Wire<Partial<V1TokenReviewSpec>>
}

const TokenReviews: Resource<TokenReview> = {
  group: 'authentication.k8s.io',
  version: 'v1',
  kind: 'TokenReview',
  plural: 'tokenreviews',
  singular: 'tokenreview',
  namespaced: false,
}

/** Whose token is this: how a server in the cluster learns who calls it. */
export const tokenReview: VirtualResource = {
  resource: TokenReviews,
  schema: 'V1TokenReview',
  async answer({ access }, { object }) {
    const { token = '', audiences = [] } = (object as TokenReview).spec ?? {}
    if (token === '') throw badRequest('token is required for TokenReview in authentication')
    const asked = audiences.length === 0 ? access.tokens.audiences : audiences
    try {
      const holder = await access.tokens.holders.holderOf(token, asked)
      return { authenticated: true, user: userInfo(holder.user), audiences: holder.audiences }
    } catch (error) {
      if (!(error instanceof InvalidToken)) throw error
      return { user: {}, error: `[invalid bearer token, ${error.message}]` }
    }
  },
}
