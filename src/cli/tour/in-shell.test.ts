import { readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { realProcesses } from '../../kernel/real-processes.ts'
import { inShell } from './in-shell.ts'

const deps = { processes: realProcesses, projectFolder: tmpdir(), longestMs: 20_000 }

/** One that has ended and that PID 1 has yet to collect runs no more. */
async function isRunning(pid: string): Promise<boolean> {
  const { stdout } = await realProcesses.run(['sh', '-c', `grep ^State /proc/${pid}/status || true`])
  return stdout !== '' && !stdout.includes('Z')
}

test('what a command says and how it ends, as on a terminal', async () => {
  expect(await inShell(deps, 'A=$(pwd); echo "$A"; echo oops >&2; false')).toEqual({ output: `${tmpdir()}\noops\n`, exitCode: 1 })
  expect(await inShell(deps, 'exit 7')).toEqual({ output: '', exitCode: 7 })
})

test('a command that takes too long is ended, with all that it has started, whether that wants to or not', async () => {
  const file = join(tmpdir(), `in-shell-${process.pid}-stubborn`)
  const ran = await inShell({ ...deps, longestMs: 2_000 }, `sh -c 'trap "" TERM; echo $$ > ${file}; while :; do sleep 0.1; done'`)
  expect(ran).toEqual({ output: '', exitCode: 1, ranOutOfTime: true })
  const pid = (await readFile(file, 'utf8')).trim()
  await expect.poll(() => isRunning(pid)).toBe(false)
  await rm(file)
})

test('a signal ends it, with all that it has started', async () => {
  const file = join(tmpdir(), `in-shell-${process.pid}-signal`)
  const aborter = new AbortController()
  const ran = inShell(deps, `sleep 100 & echo $! > ${file}; wait`, aborter.signal)
  await expect.poll(() => readFile(file, 'utf8').catch(() => '')).toMatch(/^\d+\n$/)
  const pid = (await readFile(file, 'utf8')).trim()
  aborter.abort(new Error('interrupted'))
  await expect(ran).rejects.toThrow('interrupted')
  await expect.poll(() => isRunning(pid)).toBe(false)
  await rm(file)
})
