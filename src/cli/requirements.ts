import { UserError } from './context.ts'

/** Throws `UserError` on machines that cannot run clusters. */
export function requireRootOnLinux(platform: string, userId: number | undefined): void {
  if (platform !== 'linux') throw new UserError(`needs Linux, found ${platform}: run it on a Linux machine or in a Linux VM`)
  if (userId !== 0) {
    throw new UserError('needs root, for network namespaces and containers: run it with sudo')
  }
}
