/** One mounted tree of control groups. */
export interface CgroupHierarchy {
  readonly mountPoint: string
  /** What the tree controls: `pids`, `memory`, `name=systemd`; `unified` for cgroup v2. */
  readonly controllers: readonly string[]
}

/**
 * The hierarchies in /proc/self/mountinfo (proc_pid_mountinfo(5)): one on pure v2 machines, one per controller with v1,
 * and both kinds on hybrid ones.
 */
export function parseHierarchies(mountinfo: string): readonly CgroupHierarchy[] {
  return mountinfo.split('\n').flatMap((line) => {
    const [left = '', right = ''] = line.split(' - ')
    const mountPoint = left.split(' ')[4]
    const [type, , options = ''] = right.split(' ')
    if (mountPoint === undefined) return []
    if (type === 'cgroup2') return [{ mountPoint, controllers: ['unified'] }]
    if (type !== 'cgroup') return []
    return [{ mountPoint, controllers: options.split(',').filter((option) => option !== 'rw' && option !== 'ro') }]
  })
}

/**
 * The hierarchy in which processes are put to find them again. On v1 and hybrid machines the one of `pids`, where
 * container runtimes put every container as well; otherwise v2.
 */
export function trackingHierarchy(hierarchies: readonly CgroupHierarchy[]): CgroupHierarchy {
  const having = (controller: string) => hierarchies.find(({ controllers }) => controllers.includes(controller))
  const found = having('pids') ?? having('unified') ?? hierarchies[0]
  if (found === undefined) throw new Error('no cgroup hierarchy is mounted: mount one on /sys/fs/cgroup')
  return found
}
