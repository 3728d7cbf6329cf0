import { mkdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { systemClock } from '../../base/clock.ts'
import { realProcesses } from '../../kernel/real-processes.ts'
import { stopContainerd } from '../containerd/daemon.ts'
import { TestNode } from '../containerd/test-node.ts'
import { loadImages } from '../images/load.ts'
import { testImage, writeTestArchive } from '../images/test-archive.ts'
import { criRuntime } from './cri-runtime.ts'
import { runtimeContract } from './runtime.contract.ts'
import type { ContainerConfig, RuntimeEvent } from './runtime.ts'
import { sampleContainer, sampleSandbox } from './sample-configs.ts'

async function setUp() {
  const node = await TestNode.create()
  const { address } = node.options
  const runtime = criRuntime(address)
  const dispose = async () => {
    runtime.close()
    await node.dispose()
  }
  try {
    await node.start()
    const archive = join(node.directory, 'images.tar')
    await writeTestArchive(archive)
    await loadImages(archive, address, { processes: realProcesses, clock: systemClock, runtime })
    const logDirectory = join(node.directory, 'logs')
    await mkdir(logDirectory)
    return { node, runtime, image: testImage, logDirectory, cgroupParent: node.podsCgroup, dispose }
  } catch (error) {
    await dispose()
    throw error
  }
}

runtimeContract('containerd', setUp)

describe('containerd', () => {
  let subject: Awaited<ReturnType<typeof setUp>>
  beforeAll(async () => {
    subject = await setUp()
  }, 60_000)
  afterAll(() => subject?.dispose(), 60_000)

  async function run(name: string, config: Partial<ContainerConfig>): Promise<{ sandboxId: string; id: string }> {
    const { runtime } = subject
    const sandbox = sampleSandbox(name, subject)
    const sandboxId = await runtime.runPodSandbox(sandbox)
    onTestFinished(() => runtime.removePodSandbox(sandboxId))
    const id = await runtime.createContainer(sandboxId, sampleContainer({ image: testImage, ...config }), sandbox)
    await runtime.startContainer(id)
    return { sandboxId, id }
  }

  test('hands output, environment, mounts, user and resolver through to the container', async () => {
    const { runtime, logDirectory, node } = subject
    const { linux } = sampleContainer({ image: '' })
    const script = 'echo out; echo err >&2; exec sleep infinity'
    const { id } = await run('through', {
      command: ['sh', '-c', script],
      logPath: 'through.log',
      envs: [{ key: 'COLOUR', value: 'größer = blue' }],
      mounts: [{ containerPath: '/etc/told', hostPath: join(node.directory, 'containerd.log'), readonly: true }],
      workingDir: '/tmp',
      linux: { ...linux, runAsUser: 1000, runAsGroup: 1001, supplementalGroups: [7], noNewPrivileges: true },
    })
    const identity = 'echo "$COLOUR|$(pwd)|$(hostname)|$(id -u)|$(id -G)"'
    const tell = `${identity}; test -w /etc/told || echo read-only; cat /etc/resolv.conf`
    const { stdout } = await runtime.execSync(id, ['sh', '-c', tell], 10)
    expect(stdout.split('\n')).toEqual(
      expect.arrayContaining([
        'größer = blue|/tmp|through|1000|1001 7',
        'read-only',
        'nameserver 10.96.0.10',
        'search svc.cluster.local',
        'options ndots:5',
      ]),
    )
    const log = () => readFile(join(logDirectory, 'through.log'), 'utf8')
    // The two streams are copied independently of each other: either may come first.
    const both = /^(?=[^]* stdout F out\n)(?=[^]* stderr F err\n)/
    await expect.poll(log, { interval: 5, timeout: 10_000 }).toMatch(both)
    await rm(join(logDirectory, 'through.log'))
    await runtime.reopenContainerLog(id)
    expect(await log()).toBe('')
  })

  test('tells of the kernel ending a container for its memory', async () => {
    const { runtime } = subject
    const abort = new AbortController()
    const events: RuntimeEvent[] = []
    const reading = (async () => {
      for await (const event of runtime.events(abort.signal)) events.push(event)
    })()
    const { linux } = sampleContainer({ image: '' })
    const { id } = await run('hungry', {
      command: ['sh', '-c', 'x=aaaaaaaa; while true; do x=$x$x; done'],
      linux: { ...linux, resources: { ...linux.resources, memoryLimitInBytes: 16 * 2 ** 20 } },
    })
    await expect
      .poll(() => runtime.containerStatus(id), { interval: 10, timeout: 15_000 })
      .toMatchObject({ state: 'exited', exitCode: 137, reason: 'OOMKilled' })
    await expect.poll(() => events, { interval: 5, timeout: 10_000 }).toContainEqual({ type: 'oom', containerId: id })
    abort.abort()
    await reading
  })

  test('containers outlive containerd, and calls go on after its restart', async () => {
    const { runtime, node } = subject
    const { id, sandboxId } = await run('survivor', {})
    const { ip } = await runtime.podSandboxStatus(sandboxId)
    const next = runtime.events(new AbortController().signal)[Symbol.asyncIterator]().next()
    const [broken] = await Promise.allSettled([next, stopContainerd(node.options.state, { clock: systemClock })])
    expect(broken).toMatchObject({ status: 'rejected', reason: { code: 'UNAVAILABLE' } })
    await expect(runtime.version()).rejects.toMatchObject({ name: 'RuntimeError', code: 'UNAVAILABLE' })
    expect(await node.start()).toBe('started')
    expect(await runtime.containerStatus(id)).toMatchObject({ state: 'running', sandboxId })
    expect(await runtime.podSandboxStatus(sandboxId)).toMatchObject({ state: 'ready', ip })
    expect(await runtime.execSync(id, ['echo', 'here'], 10)).toMatchObject({ stdout: 'here\n' })
  })

  test('after a power failure the pods are known and can be removed', async () => {
    const { runtime, node } = subject
    const { id, sandboxId } = await run('victim', {})
    await node.killAll()
    expect(await node.start()).toBe('started')
    expect(await runtime.podSandboxStatus(sandboxId)).toMatchObject({ state: 'notReady' })
    expect(await runtime.containerStatus(id)).toMatchObject({ state: 'exited' })
    await runtime.removePodSandbox(sandboxId)
    expect(await runtime.listPodSandboxes()).toEqual([])
  })

  test('a registry that cannot be reached fails the pull in its own words', async () => {
    await expect(subject.runtime.pullImage('registry.invalid/web:1')).rejects.toMatchObject({
      name: 'RuntimeError',
      message: expect.stringContaining('registry.invalid'),
    })
  })
})
