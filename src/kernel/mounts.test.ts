import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { mountPointsBelow, realMounts } from './mounts.ts'
import { realProcesses } from './real-processes.ts'

test('mount points are found below a folder, latest first, with their escapes undone', () => {
  const mountinfo = [
    '22 1 254:0 / / rw - ext4 /dev/vda rw',
    '30 22 0:30 / /run/a rw - tmpfs tmpfs rw',
    '31 30 0:31 / /run/a/with\\040space rw - tmpfs tmpfs rw',
    '32 22 0:32 / /run/ab rw - tmpfs tmpfs rw',
    '',
  ].join('\n')
  expect(mountPointsBelow(mountinfo, '/run/a')).toEqual(['/run/a/with space', '/run/a'])
})

test('everything below a folder is unmounted, what is inside other mounts included', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'portolan mounts '))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const mount = (at: string) => {
    mkdirSync(at, { recursive: true })
    execFileSync('mount', ['-t', 'tmpfs', 'portolan-test', at])
  }
  mount(join(folder, 'outer'))
  mount(join(folder, 'outer', 'inner'))
  const mounts = realMounts(realProcesses)
  await mounts.unmountBelow(folder)
  expect(mountPointsBelow(readFileSync('/proc/self/mountinfo', 'utf8'), folder)).toEqual([])
  await mounts.unmountBelow(folder)
})
