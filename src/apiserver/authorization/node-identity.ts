import type { User } from '../request.ts'

const prefix = 'system:node:'
const group = 'system:nodes'

/** The node that a user is: `node-1` for `system:node:node-1` of the group `system:nodes`; undefined for others. */
export function nodeOf(user: User): string | undefined {
  return user.name.startsWith(prefix) && user.groups.includes(group) ? user.name.slice(prefix.length) : undefined
}
