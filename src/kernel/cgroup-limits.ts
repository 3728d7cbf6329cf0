import { join } from 'node:path'
import type { CgroupHierarchy } from './cgroup-hierarchies.ts'

/** What a group and all below it get at most, and its part where processors are short. */
export interface CgroupLimits {
  /** As cgroup v1 counts: 1024 a processor asked for, at least 2. */
  readonly cpuShares: number
  /** Microseconds of processor time in 100 ms; 0 is no limit. */
  readonly cpuQuotaMicros: number
  /** 0 is no limit. */
  readonly memoryBytes: number
}

export interface CgroupSetting {
  readonly file: string
  readonly value: string
}

const periodMicros = 100_000

/** The files in which the kernel takes the limits: those of v1 for the controllers that it has, else those of v2. */
export function limitSettings(
  hierarchies: readonly CgroupHierarchy[],
  path: string,
  { cpuShares, cpuQuotaMicros, memoryBytes }: CgroupLimits,
): readonly CgroupSetting[] {
  const setting = (controller: string, v1: readonly CgroupSetting[], v2: readonly CgroupSetting[]) => {
    const own = hierarchies.find(({ controllers }) => controllers.includes(controller))
    const chosen = own ?? hierarchies.find(({ controllers }) => controllers.includes('unified'))
    const settings = own === undefined ? v2 : v1
    if (chosen === undefined) return []
    return settings.map(({ file, value }) => ({ file: join(chosen.mountPoint, path, file), value }))
  }
  return [
    ...setting(
      'cpu',
      [
        { file: 'cpu.shares', value: String(cpuShares) },
        { file: 'cpu.cfs_period_us', value: String(periodMicros) },
        { file: 'cpu.cfs_quota_us', value: String(cpuQuotaMicros === 0 ? -1 : cpuQuotaMicros) },
      ],
      [
        { file: 'cpu.weight', value: String(weightOf(cpuShares)) },
        { file: 'cpu.max', value: `${cpuQuotaMicros === 0 ? 'max' : cpuQuotaMicros} ${periodMicros}` },
      ],
    ),
    ...setting(
      'memory',
      [{ file: 'memory.limit_in_bytes', value: String(memoryBytes === 0 ? -1 : memoryBytes) }],
      [{ file: 'memory.max', value: memoryBytes === 0 ? 'max' : String(memoryBytes) }],
    ),
  ]
}

/** The range 2–262144 of v1 laid onto 1–10000 of v2, as KEP-2254 has it. */
function weightOf(shares: number): number {
  return 1 + Math.floor(((shares - 2) * 9999) / 262_142)
}
