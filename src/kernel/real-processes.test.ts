import { expect, test } from 'vitest'
import { CommandFailed } from './processes.ts'
import { realProcesses } from './real-processes.ts'

const { run } = realProcesses

test('collects both outputs', async () => {
  expect(await run(['sh', '-c', 'echo out; echo err >&2'])).toEqual({ stdout: 'out\n', stderr: 'err\n' })
})

test('feeds the input, also more than a pipe holds', async () => {
  const input = 'ä'.repeat(200_000)
  expect((await run(['cat'], { input })).stdout).toBe(input)
})

test('a program that does not read its input has not failed', async () => {
  await expect(run(['true'], { input: 'x'.repeat(1_000_000) })).resolves.toEqual({ stdout: '', stderr: '' })
})

for (const { name, command, exitCode, stderr } of [
  { name: 'an exit code', command: ['sh', '-c', 'echo why >&2; exit 3'], exitCode: 3, stderr: 'why\n' },
  { name: 'an end by signal', command: ['sh', '-c', 'kill -9 $$'], exitCode: null, stderr: '' },
  { name: 'a missing program', command: ['no-program'], exitCode: 127, stderr: 'no-program: command not found' },
] as const) {
  test(`rejects with CommandFailed for ${name}`, async () => {
    const error: unknown = await run(command).catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(CommandFailed)
    expect(error).toMatchObject({ exitCode, stderr })
  })
}

test('names the namespace that is not there', async () => {
  await expect(run(['true'], { netns: '/run/netns/no-such' })).rejects.toThrow('/run/netns/no-such')
})

test('an abort ends the program and rejects with its reason', async () => {
  const abort = new AbortController()
  const running = run(['sleep', '60'], { signal: abort.signal })
  abort.abort(new Error('enough'))
  await expect(running).rejects.toThrow('enough')
  await expect(run(['true'], { signal: abort.signal })).rejects.toThrow('enough')
})
