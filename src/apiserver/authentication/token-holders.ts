import { parseBootstrapToken } from '../../api/bootstrap-token.ts'
import { quotedList } from '../authorization/rule-text.ts'
import type { BootstrapTokens } from './bootstrap-tokens.ts'
import type { TokenAuthenticator, TokenHolder } from './token-authenticator.ts'
import { InvalidToken } from './token-keys.ts'

export interface TokenHolders {
  /** Whose a token is that is meant for one of the audiences. Throws `InvalidToken`. */
  holderOf(token: string, audiences: readonly string[]): Promise<TokenHolder>
}

/** Tokens of ServiceAccounts and those for joining, which are meant for this server alone. Their forms tell them apart. */
export function tokenHolders(accounts: TokenAuthenticator, bootstrap: BootstrapTokens, own: readonly string[]): TokenHolders {
  return {
    async holderOf(token, audiences) {
      const joining = parseBootstrapToken(token)
      if (joining === undefined) return accounts.holderOf(token, audiences)
      const meant = audiences.filter((audience) => own.includes(audience))
      if (meant.length === 0) throw new InvalidToken(`the bootstrap token is invalid for the target audiences ${quotedList(audiences)}`)
      return { user: await bootstrap.holderOf(joining), audiences: meant }
    },
  }
}
