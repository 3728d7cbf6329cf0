import type { Secret } from '../../api/kinds/secret.ts'

export interface User {
  readonly name: string
  /** As of crypt(3). */
  readonly hash: string
}

/** Those that HAProxy can check: MD5, SHA-256, SHA-512, bcrypt and yescrypt of crypt(3), but not Apache's own apr1. */
const line = /^([A-Za-z0-9._@-]{1,128}):(\$(?:1|5|6|2[aby]|y)\$[A-Za-z0-9./$=,]{8,256})$/

/** The users in the key `auth` of a Secret, which is written as by `htpasswd`. */
export function usersOf({ data = {} }: Secret): { readonly users: readonly User[] } | { readonly problem: string } {
  const text = Buffer.from(data['auth'] ?? '', 'base64').toString()
  const lines = text.split('\n').map((each) => each.trim()).filter((each) => each !== '' && !each.startsWith('#'))
  if (lines.length === 0) return { problem: 'it has no users in its key "auth"' }
  const parsed = lines.map((each) => line.exec(each))
  const bad = parsed.findIndex((each) => each === null)
  if (bad >= 0) return { problem: `line ${bad + 1} of its key "auth" is not NAME:HASH with a hash of crypt(3), as of htpasswd -B or openssl passwd -6` }
  return { users: parsed.map((each) => ({ name: each?.[1] ?? '', hash: each?.[2] ?? '' })) }
}
