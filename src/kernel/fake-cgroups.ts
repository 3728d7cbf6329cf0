import type { CgroupLimits } from './cgroup-limits.ts'
import { CgroupBusy, checkCgroupPath, type Cgroups } from './cgroups.ts'

/** Control groups in memory. Processes are numbers that tests add; `kill` forgets them, except `immortal` ones. */
export class FakeCgroups implements Cgroups {
  readonly immortal = new Set<number>()
  /** By path, as last set; kept after the group was removed. */
  readonly limits = new Map<string, CgroupLimits>()
  readonly #groups = new Map<string, Set<number>>()

  /** Paths of all groups, sorted. */
  get paths(): readonly string[] {
    return [...this.#groups.keys()].sort()
  }

  async create(path: string): Promise<void> {
    checkCgroupPath(path)
    for (let group = path; group !== ''; group = above(group)) {
      if (!this.#groups.has(group)) this.#groups.set(group, new Set())
    }
  }

  async add(path: string, pid: number): Promise<void> {
    checkCgroupPath(path)
    const group = this.#groups.get(path)
    if (group === undefined) throw new Error(`there is no cgroup ${path}`)
    for (const pids of this.#groups.values()) pids.delete(pid)
    group.add(pid)
  }

  async limit(path: string, limits: CgroupLimits): Promise<boolean> {
    checkCgroupPath(path)
    if (this.#groups.has(path)) this.limits.set(path, limits)
    return this.#groups.has(path)
  }

  inside(path: string, command: readonly [string, ...string[]]): readonly [string, ...string[]] {
    checkCgroupPath(path)
    return command
  }

  async processes(path: string): Promise<readonly number[]> {
    checkCgroupPath(path)
    return this.#below(path)
      .flatMap(([, pids]) => [...pids])
      .sort((a, b) => a - b)
  }

  async kill(path: string): Promise<void> {
    checkCgroupPath(path)
    for (const [, pids] of this.#below(path)) {
      for (const pid of pids) if (!this.immortal.has(pid)) pids.delete(pid)
    }
    const left = await this.processes(path)
    if (left.length > 0) throw new CgroupBusy(`processes in the cgroup ${path} do not end: ${left.join(', ')}`)
  }

  async remove(path: string): Promise<void> {
    const held = await this.processes(path)
    if (held.length > 0) throw new CgroupBusy(`the cgroup ${path} cannot be removed: ${held.join(', ')}`)
    for (const [group] of this.#below(path)) this.#groups.delete(group)
    for (let group = above(path); group !== '' && this.#isEmpty(group); group = above(group)) this.#groups.delete(group)
  }

  #below(path: string): [string, Set<number>][] {
    return [...this.#groups].filter(([group]) => group === path || group.startsWith(`${path}/`))
  }

  #isEmpty(path: string): boolean {
    const groups = this.#below(path)
    return groups.length === 1 && groups[0]?.[1].size === 0
  }
}

function above(path: string): string {
  return path.slice(0, path.lastIndexOf('/'))
}
