import { mkdir, readdir, readFile, rmdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Clock } from '../base/clock.ts'
import { CgroupBusy, checkCgroupPath, type Cgroups } from './cgroups.ts'
import { limitSettings } from './cgroup-limits.ts'
import { parseHierarchies, trackingHierarchy, type CgroupHierarchy } from './cgroup-hierarchies.ts'

const killPatienceMs = 5_000
/** A group counts as busy for a moment after its last process has ended. */
const removePatienceMs = 2_000
const pollMs = 5

/** The control groups of this machine. Throws if it has none. */
export async function realCgroups(clock: Clock): Promise<Cgroups> {
  return cgroupsOf(parseHierarchies(await readFile('/proc/self/mountinfo', 'utf8')), clock)
}

/**
 * Processes are tracked in one hierarchy, but looked for and removed in all of them: container runtimes make the same
 * path in each.
 */
export function cgroupsOf(hierarchies: readonly CgroupHierarchy[], clock: Clock): Cgroups {
  const tracking = trackingHierarchy(hierarchies).mountPoint
  const mountPoints = [...new Set(hierarchies.map(({ mountPoint }) => mountPoint))]
  const groupsOf = (controller: string, path: string) =>
    hierarchies.filter(({ controllers }) => controllers.includes(controller)).map((each) => join(each.mountPoint, path))

  async function processes(path: string): Promise<readonly number[]> {
    checkCgroupPath(path)
    const lists = await Promise.all(mountPoints.map((mountPoint) => processesBelow(join(mountPoint, path))))
    return [...new Set(lists.flat())].sort((a, b) => a - b)
  }

  async function endAll(path: string): Promise<void> {
    const deadlineMs = clock.monotonicMs() + killPatienceMs
    for (;;) {
      const pids = await processes(path)
      if (pids.length === 0) return
      if (pids.includes(process.pid)) {
        throw new CgroupBusy(`this process (${process.pid}) is itself in the cgroup ${path}`)
      }
      for (const group of groupsOf('unified', path)) await writeIfThere(join(group, 'cgroup.kill'), '1')
      for (const pid of pids) sendKill(pid)
      if (clock.monotonicMs() > deadlineMs) {
        throw new CgroupBusy(`processes in the cgroup ${path} do not end: ${await describeAll(await processes(path))}`)
      }
      await clock.sleep(pollMs)
    }
  }

  async function removeFrom(mountPoint: string, path: string): Promise<void> {
    const deadlineMs = clock.monotonicMs() + removePatienceMs
    while ((await removeTree(join(mountPoint, path))) === 'busy') {
      const held = await processes(path)
      if (held.length > 0 || clock.monotonicMs() > deadlineMs) {
        throw new CgroupBusy(`the cgroup ${join(mountPoint, path)} cannot be removed: ${await describeAll(held)}`)
      }
      await clock.sleep(pollMs)
    }
    let above = dirname(path)
    while (above !== '/' && (await removeGroup(join(mountPoint, above))) === 'removed') above = dirname(above)
  }

  return {
    async create(path) {
      checkCgroupPath(path)
      await mkdir(join(tracking, path), { recursive: true })
    },
    async add(path, pid) {
      checkCgroupPath(path)
      await writeFile(join(tracking, path, 'cgroup.procs'), String(pid))
    },
    inside(path, command) {
      checkCgroupPath(path)
      return ['sh', '-ec', 'echo 0 > "$0"; exec "$@"', join(tracking, path, 'cgroup.procs'), ...command]
    },
    async limit(path, limits) {
      checkCgroupPath(path)
      const settings = limitSettings(hierarchies, path, limits)
      const written = await Promise.all(settings.map(({ file, value }) => writeIfThere(file, value)))
      return written.includes(true)
    },
    processes,
    async kill(path) {
      checkCgroupPath(path)
      // With v1, what forks fast enough outruns the signals, so forks are refused meanwhile; and nothing frozen dies.
      const forkLimits = groupsOf('pids', path).map((group) => join(group, 'pids.max'))
      try {
        for (const file of forkLimits) await writeIfThere(file, '0')
        for (const group of groupsOf('freezer', path)) await thaw(group)
        await endAll(path)
      } finally {
        for (const file of forkLimits) await writeIfThere(file, 'max')
      }
    },
    async remove(path) {
      checkCgroupPath(path)
      await Promise.all(mountPoints.map((mountPoint) => removeFrom(mountPoint, path)))
    },
  }
}

async function processesBelow(directory: string): Promise<readonly number[]> {
  const own = await readOrGone(join(directory, 'cgroup.procs'))
  const below = await Promise.all((await groupsIn(directory)).map(processesBelow))
  // Processes of another pid namespace are listed as 0.
  return [...own.split('\n').map(Number).filter((pid) => pid > 0), ...below.flat()]
}

async function groupsIn(directory: string): Promise<readonly string[]> {
  try {
    const entries = await readdir(directory, { withFileTypes: true })
    return entries.filter((entry) => entry.isDirectory()).map((entry) => join(directory, entry.name))
  } catch (error) {
    if (isCode(error, 'ENOENT')) return []
    throw error
  }
}

/** '' for a file of a group that was removed meanwhile, and of a threaded group, whose processes its parent lists. */
async function readOrGone(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    if (isCode(error, 'ENOENT', 'ENODEV', 'EOPNOTSUPP', 'ENOTSUP')) return ''
    throw error
  }
}

function sendKill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch (error) {
    if (!isCode(error, 'ESRCH')) throw error
  }
}

async function thaw(directory: string): Promise<void> {
  for (const group of await groupsIn(directory)) await thaw(group)
  await writeIfThere(join(directory, 'freezer.state'), 'THAWED')
}

async function writeIfThere(file: string, text: string): Promise<boolean> {
  try {
    await writeFile(file, text, { flag: 'r+' })
    return true
  } catch (error) {
    if (!isCode(error, 'ENOENT', 'ENODEV')) throw error
    return false
  }
}

async function removeTree(directory: string): Promise<'removed' | 'busy'> {
  for (const group of await groupsIn(directory)) {
    if ((await removeTree(group)) === 'busy') return 'busy'
  }
  return removeGroup(directory)
}

/** Busy is a group that has groups below it or processes in it. */
async function removeGroup(directory: string): Promise<'removed' | 'busy'> {
  try {
    await rmdir(directory)
    return 'removed'
  } catch (error) {
    if (isCode(error, 'ENOENT')) return 'removed'
    if (isCode(error, 'EBUSY', 'ENOTEMPTY')) return 'busy'
    throw error
  }
}

/** `4711 (node), 4712 (sleep)` */
async function describeAll(pids: readonly number[]): Promise<string> {
  const words = pids.map(async (pid) => `${pid} (${(await readOrGone(`/proc/${pid}/comm`)).trim()})`)
  return pids.length === 0 ? 'it stays busy' : (await Promise.all(words)).join(', ')
}

function isCode(error: unknown, ...codes: readonly string[]): boolean {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' && codes.includes(error.code)
}
