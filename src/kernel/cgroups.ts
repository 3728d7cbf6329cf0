import type { CgroupLimits } from './cgroup-limits.ts'

/**
 * Control groups, used to know which processes belong to a cluster: a child is in its parent's group for good, however
 * it was started and whoever of its ancestors has died. Paths begin at the root of the hierarchies and have at least
 * one part, e.g. `/portolan/NAME/node-1`; others reject with `RangeError`. With cgroup v2 processes can only be in
 * groups that have no groups below, so add them to a leaf of their own.
 */
export interface Cgroups {
  /** Makes the group and those above it. Idempotent. */
  create(path: string): Promise<void>
  /** Moves a process, without the children that it has already, into a group. */
  add(path: string, pid: number): Promise<void>
  /** A command that runs the given one in the group from its first instruction on, under the same process id. */
  inside(path: string, command: readonly [string, ...string[]]): readonly [string, ...string[]]
  /** Sets what the group and all below it get. Idempotent. Resolves to false if there is no such group. */
  limit(path: string, limits: CgroupLimits): Promise<boolean>
  /** Processes in the group and below it, ascending. None if there is no such group. */
  processes(path: string): Promise<readonly number[]>
  /**
   * Sends SIGKILL to every process in the group and below, those that they start meanwhile included, until none is
   * left. Rejects with `CgroupBusy` if some do not end in time, or if the caller itself is one of them.
   */
  kill(path: string): Promise<void>
  /**
   * Removes the group with all below in every hierarchy, then the groups above as far as they are empty. Rejects
   * with `CgroupBusy` if there are processes in it. No error if it is not there.
   */
  remove(path: string): Promise<void>
}

export class CgroupBusy extends Error {
  override readonly name = 'CgroupBusy'
}

/** Throws `RangeError` unless the path names a group below the root. */
export function checkCgroupPath(path: string): void {
  const [first, ...parts] = path.split('/')
  if (first !== '' || parts.length === 0 || parts.some((part) => ['', '.', '..'].includes(part))) {
    throw new RangeError(`${JSON.stringify(path)} is no path of a cgroup`)
  }
}
