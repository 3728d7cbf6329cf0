import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Cgroups } from './cgroups.ts'

export interface CgroupsSubject {
  make(): Cgroups | Promise<Cgroups>
  /** A path that nobody else uses, with one group above it that nobody else uses either. */
  readonly path: string
  /** The id of a process that does nothing until it is killed. */
  startProcess(): number
}

/** What every implementation of `Cgroups` does. */
export function cgroupsContract({ make, path, startProcess }: CgroupsSubject): void {
  describe('cgroups', () => {
    let cgroups: Cgroups
    beforeEach(async () => {
      cgroups = await make()
    })
    afterEach(async () => {
      await cgroups.kill(path)
      await cgroups.remove(path)
    })

    test('list the processes in a group and below it', async () => {
      await cgroups.create(`${path}/agent`)
      await cgroups.create(`${path}/pods/web`)
      await cgroups.create(`${path}/pods/web`)
      const [agent, web] = [startProcess(), startProcess()]
      await cgroups.add(`${path}/agent`, agent)
      await cgroups.add(`${path}/pods/web`, web)
      expect(await cgroups.processes(path)).toEqual([agent, web].sort((a, b) => a - b))
      expect(await cgroups.processes(`${path}/pods`)).toEqual([web])
    })

    test('have no processes where there is no group', async () => {
      expect(await cgroups.processes(path)).toEqual([])
      await cgroups.kill(path)
      await cgroups.remove(path)
    })

    test('end all their processes, and then can be removed', async () => {
      await cgroups.create(`${path}/agent`)
      await cgroups.create(`${path}/pods`)
      await cgroups.add(`${path}/agent`, startProcess())
      await cgroups.add(`${path}/pods`, startProcess())
      await cgroups.kill(path)
      expect(await cgroups.processes(path)).toEqual([])
      await cgroups.remove(path)
      await expect(cgroups.add(path, startProcess())).rejects.toThrow(path)
    })

    test('have no limits where there is no group', async () => {
      const limits = { cpuShares: 2, cpuQuotaMicros: 0, memoryBytes: 0 }
      expect(await cgroups.limit(path, limits)).toBe(false)
    })

    test('refuse to be removed with a process in them, naming it', async () => {
      await cgroups.create(path)
      const pid = startProcess()
      await cgroups.add(path, pid)
      await expect(cgroups.remove(path)).rejects.toThrow(String(pid))
    })

    test.each(['/', '', 'portolan', '/portolan/', '/a/../b', '/a//b'])('refuse the path %j', async (bad) => {
      for (const call of [cgroups.create(bad), cgroups.processes(bad), cgroups.kill(bad), cgroups.remove(bad)]) {
        await expect(call).rejects.toThrow(RangeError)
      }
    })
  })
}
