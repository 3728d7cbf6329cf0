import { expect, test } from 'vitest'
import { UserError } from './context.ts'
import { requireRootOnLinux } from './requirements.ts'

test('root on Linux may', () => {
  expect(() => requireRootOnLinux('linux', 0)).not.toThrow()
})

for (const { platform, userId, message } of [
  { platform: 'linux', userId: 1000, message: 'needs root, for network namespaces and containers: run it with sudo' },
  { platform: 'darwin', userId: 501, message: 'needs Linux, found darwin: run it on a Linux machine or in a Linux VM' },
]) {
  test(`user ${userId} on ${platform} is told: ${message}`, () => {
    expect(() => requireRootOnLinux(platform, userId)).toThrow(new UserError(message))
  })
}
