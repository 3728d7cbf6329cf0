import { appendFile, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { groupOf, KernelOomKills } from './oom-kills.ts'

const killed = (group: string) =>
  `4,1,2,-;oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=${group},mems_allowed=0,oom_memcg=/pods,task_memcg=/pods/${group},task=tail,pid=7,uid=0\n`

let directory: string
let log: string
let counters: string
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'oom-kills-'))
  log = join(directory, 'kmsg')
  counters = join(directory, 'vmstat')
  await count(0)
})
afterEach(() => rm(directory, { recursive: true }))

const count = (kills: number) => writeFile(counters, `nr_free_pages 1\noom_kill ${kills}\nunevictable 2\n`)

test('a kill is known by the control group of the process, not by that whose limit was met', () => {
  expect(groupOf(killed('abc'))).toBe('abc')
  expect(groupOf('6,1,2,-;Memory cgroup out of memory: Killed process 7 (tail)')).toBeUndefined()
})

test('the log is read when the kernel has counted a kill, and on from there', async () => {
  await writeFile(log, killed('one'))
  using kills = new KernelOomKills({ log, counters })
  expect(kills.hasKilledIn('one')).toBe(false)
  await count(1)
  expect(kills.hasKilledIn('one')).toBe(true)
  expect(kills.hasKilledIn('two')).toBe(false)
  await appendFile(log, killed('two'))
  expect(kills.hasKilledIn('two')).toBe(false)
  await count(2)
  expect([kills.hasKilledIn('one'), kills.hasKilledIn('two')]).toEqual([true, true])
})

test('without a log nothing is known', async () => {
  await count(1)
  using kills = new KernelOomKills({ log, counters })
  expect(kills.hasKilledIn('one')).toBe(false)
})
