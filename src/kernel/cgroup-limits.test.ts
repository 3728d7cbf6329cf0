import { expect, test } from 'vitest'
import { limitSettings } from './cgroup-limits.ts'

const v1 = [
  { mountPoint: '/cg/cpu', controllers: ['cpu', 'cpuacct'] },
  { mountPoint: '/cg/memory', controllers: ['memory'] },
  { mountPoint: '/cg/unified', controllers: ['unified'] },
]
const v2 = [{ mountPoint: '/cg', controllers: ['unified'] }]
const limited = { cpuShares: 512, cpuQuotaMicros: 50_000, memoryBytes: 2 ** 20 }
const free = { cpuShares: 2, cpuQuotaMicros: 0, memoryBytes: 0 }

for (const { name, hierarchies, limits, gives } of [
  {
    name: 'v1',
    hierarchies: v1,
    limits: limited,
    gives: [
      '/cg/cpu/pod/cpu.shares 512',
      '/cg/cpu/pod/cpu.cfs_period_us 100000',
      '/cg/cpu/pod/cpu.cfs_quota_us 50000',
      '/cg/memory/pod/memory.limit_in_bytes 1048576',
    ],
  },
  {
    name: 'v1, without limits',
    hierarchies: v1,
    limits: free,
    gives: [
      '/cg/cpu/pod/cpu.shares 2',
      '/cg/cpu/pod/cpu.cfs_period_us 100000',
      '/cg/cpu/pod/cpu.cfs_quota_us -1',
      '/cg/memory/pod/memory.limit_in_bytes -1',
    ],
  },
  {
    name: 'v2',
    hierarchies: v2,
    limits: limited,
    gives: ['/cg/pod/cpu.weight 20', '/cg/pod/cpu.max 50000 100000', '/cg/pod/memory.max 1048576'],
  },
  {
    name: 'v2, without limits',
    hierarchies: v2,
    limits: free,
    gives: ['/cg/pod/cpu.weight 1', '/cg/pod/cpu.max max 100000', '/cg/pod/memory.max max'],
  },
]) {
  test(`limits are told to the kernel by the files of ${name}`, () => {
    expect(limitSettings(hierarchies, '/pod', limits).map(({ file, value }) => `${file} ${value}`)).toEqual(gives)
  })
}
