import { access } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { CommandFailed } from './processes.ts'
import { realProcesses } from './real-processes.ts'
import { scratch } from './test-scratch.ts'

const { run, start } = realProcesses

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

test('a program that lasts is fed and heard until its input ends', async () => {
  const heard: string[] = []
  const process = start(['sh', '-c', 'echo ignored; cat >&2; exit 3'], { onStderr: (piece) => heard.push(piece) })
  process.write('one\n')
  await vi.waitFor(() => expect(heard.join('')).toBe('one\n'))
  process.write('two\n')
  process.endInput()
  expect(await process.ended).toBe(3)
  expect(heard.join('')).toBe('one\ntwo\n')
})

test('a program that lasts is listened to while it runs, where told to', async () => {
  const heard: string[] = []
  const process = start(['sh', '-c', 'echo ready; cat'], { onStdout: (piece) => heard.push(piece) })
  await vi.waitFor(() => expect(heard.join('')).toBe('ready\n'))
  process.write('more\n')
  process.endInput()
  expect(await process.ended).toBe(0)
  expect(heard.join('')).toBe('ready\nmore\n')
})

test('a program that lasts has its directory and environment', async () => {
  const heard: string[] = []
  const process = start(['sh', '-c', 'echo "$PWD $HOME ${PATH:+path}" >&2'], {
    directory: '/proc',
    environment: { HOME: '/dev/null' },
    onStderr: (piece) => heard.push(piece),
  })
  expect(await process.ended).toBe(0)
  expect(heard.join('')).toBe('/proc /dev/null path\n')
})

test('a program that lasts can be killed, and be written to after that', async () => {
  const process = start(['cat'])
  process.kill()
  process.write('lost\n')
  expect(await process.ended).toBeNull()
  process.write('lost as well\n')
  process.endInput()
})

for (const { name, command, options, exitCode, why } of [
  { name: 'that is missing', command: ['no-program'], options: {}, exitCode: 127, why: 'no-program' },
  { name: 'in no namespace', command: ['true'], options: { netns: '/run/netns/no-such' }, exitCode: 1, why: 'no-such' },
] as const) {
  test(`a program to last ${name} has ended and said why`, async () => {
    const heard: string[] = []
    const process = start(command, { ...options, onStderr: (piece) => heard.push(piece) })
    process.write('lost\n')
    expect(await process.ended).toBe(exitCode)
    expect(heard.join('')).toContain(why)
  })
}

test('the input of a program that lasts ends when the process that started it is killed', async () => {
  await using cleanup = new AsyncDisposableStack()
  const { path } = cleanup.use(await scratch())
  const module = new URL('real-processes.ts', import.meta.url).href
  const program = `
    const { realProcesses } = await import(${JSON.stringify(module)})
    realProcesses.start(['sh', '-c', 'touch started; cat; touch ended'], { directory: ${JSON.stringify(path)} })`
  const parent = start([process.execPath, '--input-type=module', '-e', program])
  await vi.waitFor(() => access(`${path}/started`), { timeout: 10_000 })
  parent.kill()
  await expect(vi.waitFor(() => access(`${path}/ended`), { timeout: 10_000 })).resolves.toBeUndefined()
})

test('a group is ended as a whole: what has been started holds the outputs no longer', async () => {
  const aborter = new AbortController()
  await using folder = await scratch()
  const started = join(folder.path, 'started')
  const running = run(['sh', '-c', 'sleep 100 & echo > "$1"; wait', 'sh', started], { signal: aborter.signal, ownGroup: true })
  await vi.waitUntil(() => access(started).then(() => true, () => false), { timeout: 10_000 })
  aborter.abort(new Error('enough'))
  await expect(running).rejects.toThrow('enough')
})
