import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { systemClock } from '../../base/clock.ts'
import { FakeProcesses } from '../../kernel/fake-processes.ts'
import { realProcesses } from '../../kernel/real-processes.ts'
import { FakeRuntime } from '../cri/fake-runtime.ts'
import { importedNames, loadImages } from './load.ts'

let directory: string
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'load-'))
})
afterAll(() => rm(directory, { recursive: true }))

const image = 'docker.io/library/web:1'

async function archive(): Promise<string> {
  const file = join(directory, 'images.tar')
  await writeFile(file, 'content')
  return file
}

test('names what was imported, once the runtime lists it', async () => {
  const processes = new FakeProcesses(() => ({ stdout: `unpacking ${image} (sha256:00)...done\n` }))
  const runtime = new FakeRuntime({ registry: { [image]: {} } })
  const loading = loadImages(await archive(), '/run/c.sock', { processes, clock: systemClock, runtime })
  await expect.poll(() => runtime.calls).toContain('imageStatus')
  await runtime.pullImage(image)
  expect(await loading).toEqual([image])
  expect(processes.calls[0]?.command).toContain('/run/c.sock')
})

for (const { title, stderr, message } of [
  {
    title: 'no archive',
    stderr: 'ctr: archive/tar: invalid tar header\n',
    message: 'images.tar: not an OCI or docker image archive, as made by "docker save" (archive/tar: invalid tar header)',
  },
  { title: 'another failure', stderr: 'ctr: no space left on device\n', message: 'images.tar: no space left on device' },
]) {
  test(`${title} is explained`, async () => {
    const processes = new FakeProcesses(() => ({ exitCode: 1, stderr }))
    const loading = loadImages(await archive(), '/run/c.sock', { processes, clock: systemClock, runtime: new FakeRuntime() })
    await expect(loading).rejects.toMatchObject({ name: 'LoadFailed', message: join(directory, message) })
  })
}

test.each([
  { file: 'missing.tar', message: /missing\.tar: no such file$/ },
  { file: '.', message: /: not a file$/ },
])('$file: $message', async ({ file, message }) => {
  const deps = { processes: realProcesses, clock: systemClock, runtime: new FakeRuntime() }
  await expect(loadImages(join(directory, file), '/run/c.sock', deps)).rejects.toThrow(message)
})

test('an archive without a named image is an error', async () => {
  const deps = { processes: new FakeProcesses(), clock: systemClock, runtime: new FakeRuntime() }
  await expect(loadImages(await archive(), '/run/c.sock', deps)).rejects.toThrow('holds no image for this machine')
})

test('reads the names that ctr prints', () => {
  expect(importedNames(`unpacking a:1 (sha256:00)...done\nunpacking b:2 (sha256:11)...\n`)).toEqual(['a:1', 'b:2'])
})
