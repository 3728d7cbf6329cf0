import { expect, test } from 'vitest'
import type { Container } from '../cri/runtime.ts'
import { containerAnnotations } from './labels.ts'
import { terminationMessage } from './termination-message.ts'
import { exitedRun, scratchDirectory, scratchFile, testPod, type RunInput } from './test-pods.ts'

const head = '2026-01-01T00:00:00.000000000Z stdout'

interface Case {
  readonly name: string
  readonly run?: RunInput
  readonly policy?: string
  readonly written?: string
  readonly log?: string
  readonly message: string
}

const cases: readonly Case[] = [
  { name: 'what the container wrote', written: 'no disk', message: 'no disk' },
  { name: 'no more than 4096 bytes, the last', written: `${'x'.repeat(4096)}end`, message: `${'x'.repeat(4093)}end` },
  { name: 'nothing', message: '' },
  { name: 'the runtime’s words before the container’s', run: { message: 'OOM' }, written: 'no memory', message: 'OOM: no memory' },
  { name: 'not the log, unless asked for', log: `${head} F oops\n`, message: '' },
  { name: 'the log where nothing was written', policy: 'FallbackToLogsOnError', log: `${head} P oo\n${head} F ps\n`, message: 'oops\n' },
  { name: 'not the log of one that has succeeded', policy: 'FallbackToLogsOnError', run: { exitCode: 0 }, log: `${head} F done\n`, message: '' },
  { name: 'what was written rather than the log', policy: 'FallbackToLogsOnError', written: 'mine', log: `${head} F oops\n`, message: 'mine' },
  {
    name: 'the last 80 lines of a log',
    policy: 'FallbackToLogsOnError',
    log: Array.from({ length: 100 }, (_, index) => `${head} F ${index}\n`).join(''),
    message: Array.from({ length: 80 }, (_, index) => `${index + 20}\n`).join(''),
  },
  {
    name: 'the last 2048 bytes of a log',
    policy: 'FallbackToLogsOnError',
    log: `${head} F ${'x'.repeat(3000)}\n`,
    message: `${'x'.repeat(2047)}\n`,
  },
]

for (const { name, run, policy, written, log, message } of cases) {
  test(name, async () => {
    await using directory = await scratchDirectory()
    const file = async (title: string, content = '') => scratchFile(directory.path, title, content)
    const spec = { name: 'app', image: 'kubia', ...(policy === undefined ? {} : { terminationMessagePolicy: policy }) }
    const facts = { attempt: 0, streak: 0, terminationLog: await file('termination-log', written) }
    const container: Container = exitedRun(testPod(), {
      annotations: containerAnnotations(spec, facts),
      ...(log === undefined ? {} : { logPath: await file('0.log', log) }),
      ...run,
    })
    expect(await terminationMessage(container)).toBe(message)
  })
}
