import { readdir, readFile } from 'node:fs/promises'

/** What may die at any moment. `container` and `sandbox`: the first process of a pod's container, and of its sandbox. */
export type VictimKind = 'server' | 'edge' | 'agent' | 'containerd' | 'container' | 'sandbox'

export interface Victim {
  readonly kind: VictimKind
  readonly pid: number
  readonly command: string
}

/** The processes of a cluster that a test may kill, as they are now. */
export async function victimsOf(cluster: string): Promise<readonly Victim[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number)
  const found = await Promise.all(pids.map((pid) => victimOf(cluster, pid)))
  return found.filter((victim) => victim !== undefined)
}

async function victimOf(cluster: string, pid: number): Promise<Victim | undefined> {
  const [cgroup, command, status] = await Promise.all([
    textOf(pid, 'cgroup'),
    textOf(pid, 'cmdline'),
    textOf(pid, 'status'),
  ])
  if (!cgroup.includes(`/portolan/${cluster}/`)) return undefined
  const words = command.split('\0')
  const kind = cgroup.includes('/pods/') ? kindOfPodProcess(words, status) : kindOfOwnProcess(words)
  return kind === undefined ? undefined : { kind, pid, command: words.join(' ').trim() }
}

function kindOfOwnProcess(words: readonly string[]): VictimKind | undefined {
  if (words[0] === 'containerd') return 'containerd'
  return (['server', 'edge', 'agent'] as const).find((name) => words.some((word) => word.endsWith(`/${name}.js`)))
}

/** Commands that were executed in a container are not the first of its process namespace. */
function kindOfPodProcess([program = '']: readonly string[], status: string): VictimKind | undefined {
  const ids = /^NSpid:\s+(.*)$/m.exec(status)?.[1]?.split(/\s+/) ?? []
  if (ids.at(-1) !== '1') return undefined
  return program === '/usr/bin/busybox' ? 'sandbox' : 'container'
}

/** Empty for a process that has gone. */
async function textOf(pid: number, file: string): Promise<string> {
  try {
    return await readFile(`/proc/${pid}/${file}`, 'utf8')
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ESRCH') return ''
    throw error
  }
}
