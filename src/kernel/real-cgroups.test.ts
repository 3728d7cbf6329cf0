import { spawn, type ChildProcess } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { systemClock } from '../base/clock.ts'
import { limitSettings } from './cgroup-limits.ts'
import { parseHierarchies, type CgroupHierarchy } from './cgroup-hierarchies.ts'
import { cgroupsContract } from './cgroups.contract.ts'
import { cgroupsOf, realCgroups } from './real-cgroups.ts'
import { realProcesses } from './real-processes.ts'

const hierarchies = parseHierarchies(readFileSync('/proc/self/mountinfo', 'utf8'))
const top = `/portolan-test-${process.pid}`
const children: ChildProcess[] = []

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
})

function start(command: string, ...args: string[]): number {
  const child = spawn(command, args, { stdio: 'ignore' })
  children.push(child)
  if (child.pid === undefined) throw new Error(`${command} did not start`)
  return child.pid
}

for (const { name, only } of [
  { name: 'as mounted', only: () => true },
  { name: 'of v1', only: (hierarchy: CgroupHierarchy) => !isUnified(hierarchy) },
  { name: 'of v2', only: isUnified },
]) {
  const chosen = hierarchies.filter(only)
  describe.skipIf(chosen.length === 0)(`hierarchies ${name}`, () => {
    cgroupsContract({
      make: () => cgroupsOf(chosen, systemClock),
      path: `${top}/one`,
      startProcess: () => start('sleep', '60'),
    })
  })
}

test('end what processes start while they are ended', async () => {
  const cgroups = await realCgroups(systemClock)
  await cgroups.create(top)
  // A process that starts its successor in a new session and ends, over and over: it lives too short to be hit.
  const chain = 'setsid sh -c "$1" sh "$1" > /dev/null 2>&1 &'
  await realProcesses.run(cgroups.inside(top, ['sh', '-c', chain, 'sh', chain]))
  await realProcesses.run(cgroups.inside(top, ['sh', '-c', 'sleep 60 > /dev/null 2>&1 & sleep 61 > /dev/null 2>&1 &']))
  expect((await cgroups.processes(top)).length).toBeGreaterThanOrEqual(2)
  await cgroups.kill(top)
  expect(await cgroups.processes(top)).toEqual([])
  await cgroups.remove(top)
})

test('run a command inside from the start, with its arguments and exit code', async () => {
  const cgroups = await realCgroups(systemClock)
  await cgroups.create(top)
  const command = ['sh', '-c', 'cat /proc/self/cgroup; echo "$1"', 'sh', 'a b'] as const
  const { stdout } = await realProcesses.run(cgroups.inside(top, command))
  expect(stdout).toContain(`:${top}\n`)
  expect(stdout).toContain('\na b\n')
  await expect(realProcesses.run(cgroups.inside(top, ['false']))).rejects.toMatchObject({ exitCode: 1 })
  await cgroups.remove(top)
})

test('remove what a container runtime made in every hierarchy, and end what it froze', async () => {
  const cgroups = await realCgroups(systemClock)
  const pid = start('sleep', '60')
  for (const hierarchy of hierarchies) {
    const group = join(hierarchy.mountPoint, top, 'node-1/pods/web')
    await mkdir(group, { recursive: true })
    if (!hierarchy.controllers.includes('cpuset')) await writeFile(join(group, 'cgroup.procs'), String(pid))
    if (hierarchy.controllers.includes('freezer')) await writeFile(join(group, 'freezer.state'), 'FROZEN')
  }
  expect(await cgroups.processes(top)).toEqual([pid])
  await cgroups.kill(top)
  await cgroups.remove(`${top}/node-1`)
  for (const { mountPoint } of hierarchies) {
    await expect(stat(join(mountPoint, top))).rejects.toMatchObject({ code: 'ENOENT' })
  }
})

test('limit what a container runtime made in every hierarchy', async () => {
  const cgroups = await realCgroups(systemClock)
  for (const { mountPoint } of hierarchies) await mkdir(join(mountPoint, top, 'web'), { recursive: true })
  const limits = { cpuShares: 512, cpuQuotaMicros: 50_000, memoryBytes: 2 ** 24 }
  expect(await cgroups.limit(`${top}/web`, limits)).toBe(true)
  for (const { file, value } of limitSettings(hierarchies, `${top}/web`, limits)) {
    expect(`${file} ${await readFile(file, 'utf8')}`).toBe(`${file} ${value}\n`)
  }
  await cgroups.remove(top)
})

test('say which process is the caller itself', async () => {
  const cgroups = await realCgroups(systemClock)
  const script = `
    import { readFileSync } from 'node:fs'
    import { cgroupsOf } from ${JSON.stringify(join(import.meta.dirname, 'real-cgroups.ts'))}
    import { parseHierarchies } from ${JSON.stringify(join(import.meta.dirname, 'cgroup-hierarchies.ts'))}
    const cgroups = cgroupsOf(parseHierarchies(readFileSync('/proc/self/mountinfo', 'utf8')), { monotonicMs: () => 0 })
    await cgroups.kill(${JSON.stringify(top)}).catch((error) => process.stdout.write(error.message))`
  await cgroups.create(top)
  const command = [process.execPath, '--input-type=module', '-e', script] as const
  const { stdout } = await realProcesses.run(cgroups.inside(top, command))
  expect(stdout).toMatch(/^this process \(\d+\) is itself in the cgroup/)
  await cgroups.remove(top)
})

describe('hierarchies', () => {
  const unified = '30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate'
  const cpu = '33 31 0:30 / /sys/fs/cgroup/cpu,cpuacct rw shared:15 - cgroup cgroup rw,cpu,cpuacct'
  const named = '40 31 0:37 / /sys/fs/cgroup/systemd rw shared:11 - cgroup cgroup rw,xattr,name=systemd'
  const other = '31 23 0:28 / /sys/fs/cgroup ro - tmpfs tmpfs ro,mode=755'

  test('are read from mountinfo', () => {
    expect(parseHierarchies([unified, cpu, named, other, ''].join('\n'))).toEqual([
      { mountPoint: '/sys/fs/cgroup', controllers: ['unified'] },
      { mountPoint: '/sys/fs/cgroup/cpu,cpuacct', controllers: ['cpu', 'cpuacct'] },
      { mountPoint: '/sys/fs/cgroup/systemd', controllers: ['xattr', 'name=systemd'] },
    ])
  })

  test('must be there', () => {
    expect(() => cgroupsOf([], systemClock)).toThrow('no cgroup hierarchy is mounted')
  })
})

function isUnified({ controllers }: CgroupHierarchy): boolean {
  return controllers.includes('unified')
}
