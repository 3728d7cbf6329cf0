import { createHash } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { systemClock } from '../../base/clock.ts'
import { FakeProcesses } from '../../kernel/fake-processes.ts'
import { realProcesses } from '../../kernel/real-processes.ts'
import { FakeRuntime } from '../cri/fake-runtime.ts'
import { TestNode } from '../containerd/test-node.ts'
import { criRuntime } from '../cri/cri-runtime.ts'
import { layer, textEntry } from './layers.ts'
import { importedNames, loadImages } from './load.ts'
import { tarBytes, type TarEntry } from './tar.ts'

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
  await expect.poll(() => runtime.calls).toContain(`imageStatus ${image}`)
  await runtime.pullImage(image)
  expect(await loading).toEqual([image])
  expect(processes.calls[0]?.command).toContain('/run/c.sock')
})

for (const { title, stderr, message } of [
  {
    title: 'no archive',
    stderr: 'ctr: archive/tar: invalid tar header\n',
    message:
      'images.tar: not an OCI or docker image archive, as made by "docker save" (archive/tar: invalid tar header)',
  },
  {
    title: 'another failure',
    stderr: 'ctr: no space left on device\n',
    message: 'images.tar: no space left on device',
  },
]) {
  test(`${title} is explained`, async () => {
    const processes = new FakeProcesses(() => ({ exitCode: 1, stderr }))
    const deps = { processes, clock: systemClock, runtime: new FakeRuntime() }
    const loading = loadImages(await archive(), '/run/c.sock', deps)
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

test('containerd takes archives as docker saves them, compressed or not, and refuses anything else', async () => {
  const node = await TestNode.create()
  const runtime = criRuntime(node.options.address)
  onTestFinished(async () => {
    runtime.close()
    await node.dispose()
  })
  await node.start()
  const deps = { processes: realProcesses, clock: systemClock, runtime }
  const load = (name: string) => loadImages(join(node.directory, name), node.options.address, deps)
  await writeFile(join(node.directory, 'one.tar'), await dockerArchive('web:1'))
  expect(await load('one.tar')).toEqual(['docker.io/library/web:1'])
  await writeFile(join(node.directory, 'two.tar.gz'), gzipSync(await dockerArchive('example.com/web:2')))
  expect(await load('two.tar.gz')).toEqual(['example.com/web:2'])
  await writeFile(join(node.directory, 'cut.tar.gz'), gzipSync(await dockerArchive('web:3')).subarray(0, -20))
  await expect(load('cut.tar.gz')).rejects.toThrow(/cut\.tar\.gz: cannot be decompressed: unexpected end of file/)
  for (const content of ['', 'no archive', 'x'.repeat(4096), await bytesOf([textEntry('README', 'text')])]) {
    await writeFile(join(node.directory, 'bad.tar'), content)
    await expect(load('bad.tar')).rejects.toThrow(/bad\.tar: not an OCI or docker image archive/)
  }
})

async function bytesOf(entries: readonly TarEntry[]): Promise<Buffer> {
  return Buffer.concat(await Array.fromAsync(tarBytes(entries)))
}

/** https://github.com/moby/docker-image-spec: a manifest that names a configuration and layers by file. */
async function dockerArchive(tag: string): Promise<Buffer> {
  const content = await bytesOf(layer([textEntry('etc/motd', tag)]))
  const digest = createHash('sha256').update(content).digest('hex')
  const architecture = process.arch === 'x64' ? 'amd64' : process.arch
  const config = { architecture, os: 'linux', config: {}, rootfs: { type: 'layers', diff_ids: [`sha256:${digest}`] } }
  return bytesOf([
    textEntry('manifest.json', JSON.stringify([{ Config: 'config.json', RepoTags: [tag], Layers: ['layer.tar'] }])),
    textEntry('config.json', JSON.stringify(config)),
    { type: 'file', path: 'layer.tar', mode: 0o644, size: content.length, content },
  ])
}
