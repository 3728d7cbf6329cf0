import type { User } from '../request.ts'

/** Who has shown nothing. */
export const anonymous: User = { name: 'system:anonymous', groups: ['system:unauthenticated'] }

export function isAnonymous(user: User): boolean {
  return user.groups.includes('system:unauthenticated')
}
