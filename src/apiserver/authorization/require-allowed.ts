import type { Attributes } from './attributes.ts'
import type { Authorizer } from './authorizer.ts'
import { forbidden } from './forbidden.ts'

/** Throws the 403 of a request that is not allowed. */
export function requireAllowed(authorizer: Authorizer, attributes: Attributes): void {
  const { allowed, reason } = authorizer.authorize(attributes)
  if (!allowed) throw forbidden(attributes, reason)
}
