import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { systemClock } from '../../base/clock.ts'
import { KernelOomKills } from '../../kernel/oom-kills.ts'
import { realProcesses } from '../../kernel/real-processes.ts'
import { stopContainerd } from '../containerd/daemon.ts'
import { TestNode } from '../containerd/test-node.ts'
import { loadImages } from '../images/load.ts'
import { testImage, writeTestArchive } from '../images/test-archive.ts'
import { startTestRegistry } from '../images/test-registry.ts'
import { criRuntime } from './cri-runtime.ts'
import { withOomReasons } from './oom-reasons.ts'
import { runtimeContract } from './runtime.contract.ts'
import type { ContainerConfig, LinuxContainer, PodSandboxConfig } from './runtime.ts'
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

  async function run(
    name: string,
    config: Partial<ContainerConfig>,
    more: Partial<PodSandboxConfig> = {},
  ): Promise<{ sandboxId: string; id: string }> {
    const { runtime } = subject
    const sandbox = { ...sampleSandbox(name, subject), ...more }
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
    using kills = new KernelOomKills()
    const runtime = withOomReasons(subject.runtime, kills)
    const { linux } = sampleContainer({ image: '' })
    const { id } = await run('hungry', {
      command: ['sh', '-c', 'x=aaaaaaaa; while true; do x=$x$x; done'],
      linux: { ...linux, resources: { ...linux.resources, memoryLimitInBytes: 16 * 2 ** 20 } },
    })
    await expect
      .poll(() => runtime.containerStatus(id), { interval: 10, timeout: 15_000 })
      .toMatchObject({ state: 'exited', exitCode: 137, reason: 'OOMKilled' })
    expect(kills.hasKilledIn(id)).toBe(true)
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

  describe('a container', () => {
    const see = async (name: string, linux: Partial<LinuxContainer>, sandbox: Partial<PodSandboxConfig> = {}) => {
      const { linux: plain } = sampleContainer({ image: '' })
      const { id } = await run(name, { linux: { ...plain, ...linux } }, sandbox)
      return async (script: string) => (await subject.runtime.execSync(id, ['sh', '-c', script], 10)).stdout.trim()
    }

    test.each([
      ['runtimeDefault', '2'],
      ['unconfined', '0'],
    ] as const)('has the system calls of the seccomp profile %s', async (seccomp, mode) => {
      const tell = await see(`seccomp-${mode}`, { seccomp })
      expect(await tell("awk '/^Seccomp:/ { print $2 }' /proc/self/status")).toBe(mode)
    })

    test('does not see what is masked, and does not write what is only read', async () => {
      const tell = await see('masked', { maskedPaths: ['/proc/keys'], readonlyPaths: ['/proc/sys'] })
      expect(await tell('wc -c < /proc/keys; echo 1 > /proc/sys/vm/overcommit_memory || echo refused')).toBe('0\nrefused')
    })

    test('may do everything if it is privileged', async () => {
      const tell = await see('privileged', { privileged: true }, { privileged: true })
      expect(await tell('mount -t tmpfs none /mnt 2>&1 || mkdir /mnt && mount -t tmpfs none /mnt && echo mounted')).toContain('mounted')
      await expect(see('not', { privileged: true })).rejects.toThrow('no privileged container allowed in sandbox')
    })

    test('runs as a group without a user, or as a user by name', async () => {
      expect(await (await see('group', { runAsUser: 0, runAsGroup: 3000 }))('id -u; id -g')).toBe('0\n3000')
      expect(await (await see('named', { runAsUsername: 'nobody' }))('id -un')).toBe('nobody')
    })

    test('sees the processes that the pod shares', async () => {
      const alone = await see('alone', {})
      expect(await alone('pidof sleep')).toBe('1')
      const shared = await see('shared', { processes: 'pod' }, { processes: 'pod' })
      expect(await shared('test $(pidof sleep) -ne 1 && tr "\\0" " " < /proc/1/cmdline')).toBe('busybox sleep infinity')
      const onNode = await see('on-node', { processes: 'node' }, { processes: 'node' })
      expect(await onNode(`test -e /proc/${process.pid} && echo seen`)).toBe('seen')
    })

    test('has the kernel parameters of its pod', async () => {
      const tell = await see('sysctl', {}, { sysctls: { 'net.ipv4.ip_unprivileged_port_start': '80' } })
      expect(await tell('cat /proc/sys/net/ipv4/ip_unprivileged_port_start')).toBe('80')
    })
  })

  describe('a registry', () => {
    const address = '192.0.2.9'
    const host = `${address}:5000`
    const auth = { username: 'ann', password: 'secret' }
    beforeAll(async () => {
      const { node } = subject
      const inside = ['nsenter', `--net=${node.options.netns}`] as const
      await realProcesses.run([...inside, 'ip', 'address', 'add', `${address}/32`, 'dev', 'lo'])
      registry = await startTestRegistry({ directory: join(node.directory, 'registry'), address, port: 5000, inside })
    })
    let registry: AsyncDisposable
    afterAll(() => registry?.[Symbol.asyncDispose]())

    async function useHttp(): Promise<void> {
      const directory = join(subject.node.options.registries ?? '', host)
      await mkdir(directory, { recursive: true })
      await writeFile(join(directory, 'hosts.toml'), `server = "http://${host}"\n[host."http://${host}"]\n`)
    }

    test('is asked by TLS, until it is set that it is not', async () => {
      const { runtime } = subject
      await expect(runtime.pullImage(`${host}/free/web:1`)).rejects.toThrow('server gave HTTP response to HTTPS client')
      await useHttp()
      await runtime.pullImage(`${host}/free/web:1`)
      expect(await runtime.imageStatus(`${host}/free/web:1`)).toMatchObject({ repoTags: [`${host}/free/web:1`] })
    })

    test('is asked as who is named, and quoted when it refuses', async () => {
      const { runtime } = subject
      await useHttp()
      await expect(runtime.pullImage(`${host}/private/web:1`)).rejects.toThrow('401 Unauthorized')
      await expect(runtime.pullImage(`${host}/private/web:1`, { ...auth, password: 'no' })).rejects.toThrow('401 Unauthorized')
      await runtime.pullImage(`${host}/private/web:1`, auth)
      await expect(runtime.pullImage(`${host}/free/none:1`)).rejects.toThrow(`${host}/free/none:1: not found`)
    })
  })

  test('a registry that cannot be reached fails the pull in its own words', async () => {
    await expect(subject.runtime.pullImage('registry.invalid/web:1')).rejects.toMatchObject({
      name: 'RuntimeError',
      message: expect.stringContaining('registry.invalid'),
    })
  })
})
