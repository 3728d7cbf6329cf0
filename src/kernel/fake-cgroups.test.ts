import { expect, test } from 'vitest'
import { cgroupsContract } from './cgroups.contract.ts'
import { CgroupBusy } from './cgroups.ts'
import { FakeCgroups } from './fake-cgroups.ts'

let pids = 100
cgroupsContract({ make: () => new FakeCgroups(), path: '/test/one', startProcess: () => (pids += 1) })

test('says which processes do not end, and forgets empty groups above a removed one', async () => {
  const cgroups = new FakeCgroups()
  await cgroups.create('/test/one')
  await cgroups.add('/test/one', 7)
  cgroups.immortal.add(7)
  const busy = new CgroupBusy('processes in the cgroup /test/one do not end: 7')
  await expect(cgroups.kill('/test/one')).rejects.toThrow(busy)
  cgroups.immortal.clear()
  await cgroups.kill('/test/one')
  await cgroups.remove('/test/one')
  expect(cgroups.paths).toEqual([])
})
