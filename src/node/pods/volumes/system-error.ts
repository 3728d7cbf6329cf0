import { getSystemErrorMessage } from 'node:util'

/**
 * What went wrong with a file, worded as upstream's kubelet would: `mkdir /etc/hosts/x: not a directory`. Undefined for
 * errors that are not the operating system's.
 */
export function describeSystemError(error: unknown): string | undefined {
  const { syscall, errno, path } = error as NodeJS.ErrnoException
  if (!(error instanceof Error) || syscall === undefined || errno === undefined) return undefined
  return `${syscall} ${path ?? ''}: ${getSystemErrorMessage(errno)}`
}
