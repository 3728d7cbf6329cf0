import { access, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { systemClock } from '../../base/clock.ts'
import { listProcesses } from '../../kernel/process-table.ts'
import { realProcesses } from '../../kernel/real-processes.ts'
import { criRuntime } from '../cri/cri-runtime.ts'
import { startContainerd, stopContainerd } from './daemon.ts'
import { TestNode } from './test-node.ts'

const nodes: TestNode[] = []
afterEach(async () => {
  for (const node of nodes.splice(0)) await node.dispose()
})

async function newNode(): Promise<TestNode> {
  const node = await TestNode.create()
  nodes.push(node)
  return node
}

const deps = { processes: realProcesses, clock: systemClock }

test('starts once, is taken over after that, and stops', async () => {
  const node = await newNode()
  const { state, address, netns = '' } = node.options
  expect(await stopContainerd(state, deps)).toBe('not running')
  expect(await node.start()).toBe('started')
  expect(await node.start()).toBe('adopted')
  const running = (await listProcesses()).filter(({ command }) => command.includes(join(state, 'containerd.toml')))
  expect(running).toHaveLength(1)
  const pid = running[0]?.pid ?? 0
  const inode = async (path: string) => (await realProcesses.run(['stat', '-L', '-c', '%i', path])).stdout
  expect(await inode(`/proc/${pid}/ns/net`)).toBe(await inode(netns))

  const runtime = criRuntime(address)
  const conditions = await runtime.conditions().finally(() => runtime.close())
  expect(conditions.map(({ type, status }) => [type, status])).toEqual([['RuntimeReady', true], ['NetworkReady', true]])

  expect(await stopContainerd(state, deps)).toBe('stopped')
  expect(await stopContainerd(state, deps)).toBe('not running')
})

test('every plugin that is left works', async () => {
  const node = await newNode()
  await node.start()
  const { stdout } = await realProcesses.run(['ctr', '--address', node.options.address, 'plugins', 'ls'])
  const [, ...lines] = stdout.trim().split('\n')
  expect(lines.filter((line) => !line.trim().endsWith('ok'))).toEqual([])
})

test('a failed start says what containerd said, and only that', async () => {
  const node = await newNode()
  const { root, logFile, state } = node.options
  await writeFile(logFile, 'an older line\n')
  await mkdir(join(root, 'io.containerd.metadata.v1.bolt'), { recursive: true })
  await writeFile(join(root, 'io.containerd.metadata.v1.bolt', 'meta.db'), 'x'.repeat(70_000))
  const start = node.start()
  await expect(start).rejects.toMatchObject({ name: 'ContainerdFailed', message: expect.stringContaining(logFile) })
  await expect(start).rejects.toThrow(/runs without its CRI plugin[^]*invalid database/)
  await expect(start).rejects.not.toMatchObject({ message: expect.stringContaining('an older line') })
  expect(await readFile(logFile, 'utf8')).toContain('an older line')
  expect(await stopContainerd(state, deps)).toBe('not running')
})

test('a path that is too long for a socket is refused before anything is done', async () => {
  const node = await newNode()
  const address = join(node.directory, 'a'.repeat(100), 'containerd.sock')
  await expect(startContainerd({ ...node.options, address }, deps)).rejects.toThrow('longer than the 101 bytes')
  await expect(access(node.options.state)).rejects.toThrow('ENOENT')
})

test('a socket left behind by a containerd that was killed is no hindrance', async () => {
  const node = await newNode()
  await node.start()
  await node.killAll()
  await rm(node.options.state, { recursive: true, force: true })
  expect(await node.start()).toBe('started')
})
