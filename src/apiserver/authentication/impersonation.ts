import { badRequest } from '../../api/errors.ts'
import type { ResourceAttributes } from '../authorization/attributes.ts'
import type { Authorizer } from '../authorization/authorizer.ts'
import { forbidden } from '../authorization/forbidden.ts'
import type { User } from '../request.ts'
import { anonymous } from './anonymous.ts'
import { parseServiceAccountUser, serviceAccountGroups } from './service-account-user.ts'

const prefix = 'impersonate-'
const extraPrefix = `${prefix}extra-`
const authentication = 'authentication.k8s.io'

/**
 * The user as whom a request is to be treated: the one that its `Impersonate-…` headers name, or who asks if there are
 * none. Each part of the other identity must be allowed, by the verb `impersonate`
 * (https://kubernetes.io/docs/reference/access-authn-authz/authentication/#user-impersonation). `rawHeaders` are names
 * and values in turn, as they came: a header may be there several times. Throws 403, and 400 if they name no user.
 */
export function effectiveUser(user: User, rawHeaders: readonly string[], authorizer: Authorizer): User {
  const wanted = wantedIdentity(impersonationHeaders(rawHeaders))
  if (wanted === undefined) return user
  for (const attributes of permissions(user, wanted)) {
    const { allowed, reason } = authorizer.authorize(attributes)
    if (!allowed) throw forbidden(attributes, reason)
  }
  const { name, uid, groups, extra } = wanted
  const account = parseServiceAccountUser(name)
  const own = groups.length === 0 && account !== undefined ? serviceAccountGroups(account.namespace) : groups
  return {
    name,
    groups: withBaseGroup(name, own),
    ...(uid !== undefined && { uid }),
    ...(extra.size > 0 && { extra: Object.fromEntries(extra) }),
  }
}

interface Identity {
  readonly name: string
  readonly uid: string | undefined
  readonly groups: readonly string[]
  readonly extra: ReadonlyMap<string, readonly string[]>
}

type Headers = ReadonlyMap<string, readonly string[]>

/** The headers concerned, by name in lower case; empty ones say nothing. */
function impersonationHeaders(rawHeaders: readonly string[]): Headers {
  const headers = new Map<string, string[]>()
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const name = (rawHeaders[i] ?? '').toLowerCase()
    const value = rawHeaders[i + 1] ?? ''
    if (name.startsWith(prefix) && value !== '') headers.set(name, [...(headers.get(name) ?? []), value])
  }
  return headers
}

function wantedIdentity(headers: Headers): Identity | undefined {
  if (headers.size === 0) return undefined
  const [name] = headers.get('impersonate-user') ?? []
  const [uid] = headers.get('impersonate-uid') ?? []
  const groups = headers.get('impersonate-group') ?? []
  const extra = new Map(
    [...headers]
      .filter(([header]) => header.startsWith(extraPrefix))
      .map(([header, values]) => [decoded(header.slice(extraPrefix.length)), values]),
  )
  if (name !== undefined) return { name, uid, groups, extra }
  const lacking = 'without impersonating a user: set Impersonate-User'
  throw badRequest(`requested a uid, groups or extra fields to impersonate ${lacking}`)
}

/** Keys of extra fields are percent-encoded where a header's name could not hold them. */
function decoded(key: string): string {
  try {
    return decodeURIComponent(key)
  } catch {
    return key
  }
}

function* permissions(user: User, { name, uid, groups, extra }: Identity): Generator<ResourceAttributes> {
  const base = { user, verb: 'impersonate', group: '', subresource: '', namespace: '' }
  const account = parseServiceAccountUser(name)
  if (account !== undefined) yield { ...base, resource: 'serviceaccounts', ...account }
  else yield { ...base, resource: 'users', name }
  for (const each of groups) yield { ...base, resource: 'groups', name: each }
  for (const [key, values] of extra) {
    for (const value of values) {
      yield { ...base, group: authentication, resource: 'userextras', subresource: key, name: value }
    }
  }
  if (uid !== undefined) yield { ...base, group: authentication, resource: 'uids', name: uid }
}

/** Everybody is either authenticated or not; headers that say neither leave it to the name. */
function withBaseGroup(name: string, groups: readonly string[]): readonly string[] {
  if (groups.includes('system:authenticated') || groups.includes('system:unauthenticated')) return groups
  return [...groups, name === anonymous.name ? 'system:unauthenticated' : 'system:authenticated']
}
