import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempDisposable } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { leftBehind } from './haproxy-process.ts'
import { files } from './main-text.ts'

test('a process that was still starting when its parent died is ended; those of other directories are not', async () => {
  await using own = await mkdtempDisposable(join(tmpdir(), 'portolan-left-behind-'))
  await using other = await mkdtempDisposable(join(tmpdir(), 'portolan-left-behind-'))
  // In place of HAProxies that answer nobody.
  const [starting, foreign] = [own, other].map(({ path }) => spawn('sh', ['-c', 'echo; read -r _', 'haproxy', join(path, files.config)]))
  if (starting === undefined || foreign === undefined) throw new Error('there are two')
  await Promise.all([once(starting.stdout, 'data'), once(foreign.stdout, 'data')])
  const ended = once(starting, 'exit')
  expect(await leftBehind(own.path)).toEqual([])
  expect(await ended).toEqual([null, 'SIGKILL'])
  expect(foreign.exitCode).toBeNull()
  foreign.kill('SIGKILL')
})
