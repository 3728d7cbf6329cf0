import { readFile, statfs } from 'node:fs/promises'
import { arch, availableParallelism, release } from 'node:os'

/** The machine that a node is on. Sizes in bytes. */
export interface Machine {
  readonly cpus: number
  readonly memoryBytes: number
  readonly diskBytes: number
  readonly architecture: string
  readonly kernelVersion: string
  readonly osImage: string
  readonly machineID: string
  readonly bootID: string
}

/** What of it is left at this moment. */
export interface MachineLoad {
  readonly memoryAvailableBytes: number
  /** Between 0 and 1, of the file system that holds the node's state. */
  readonly diskAvailable: number
  readonly inodesAvailable: number
  /** Between 0 and 1, of the process ids that the kernel has. */
  readonly pidsAvailable: number
}

/** `stateDirectory` says which file system counts. */
export async function readMachine(stateDirectory: string): Promise<Machine> {
  const disk = await statfs(stateDirectory)
  return {
    cpus: availableParallelism(),
    memoryBytes: kibibytes(await readFile('/proc/meminfo', 'utf8'), 'MemTotal'),
    diskBytes: disk.blocks * disk.bsize,
    architecture: goArchitecture(arch()),
    kernelVersion: release(),
    osImage: prettyName(await textOf('/etc/os-release')),
    machineID: (await textOf('/etc/machine-id')).trim(),
    bootID: (await textOf('/proc/sys/kernel/random/boot_id')).trim(),
  }
}

export async function readLoad(stateDirectory: string): Promise<MachineLoad> {
  const disk = await statfs(stateDirectory)
  // Fourth field: runnable and existing scheduling entities (proc_loadavg(5)).
  const [, , , entities = '0/0'] = (await readFile('/proc/loadavg', 'utf8')).split(' ')
  const pidMax = Number(await readFile('/proc/sys/kernel/pid_max', 'utf8'))
  return {
    memoryAvailableBytes: kibibytes(await readFile('/proc/meminfo', 'utf8'), 'MemAvailable'),
    diskAvailable: share(disk.bavail, disk.blocks),
    inodesAvailable: share(disk.ffree, disk.files),
    pidsAvailable: 1 - Number(entities.split('/')[1]) / pidMax,
  }
}

/** File systems without a count, of inodes for instance, never run out of them. */
function share(free: number, total: number): number {
  return total === 0 ? 1 : free / total
}

/** A line `Name:   123 kB` of /proc/meminfo, in bytes. */
export function kibibytes(meminfo: string, name: string): number {
  const [, value] = new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(meminfo) ?? []
  if (value === undefined) throw new Error(`/proc/meminfo has no ${name}`)
  return Number(value) * 1024
}

/** PRETTY_NAME of os-release(5). */
export function prettyName(osRelease: string): string {
  const [, name] = /^PRETTY_NAME=["']?(.*?)["']?$/m.exec(osRelease) ?? []
  return name ?? 'Linux'
}

function goArchitecture(name: string): string {
  return name === 'x64' ? 'amd64' : name
}

async function textOf(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return ''
    throw error
  }
}
