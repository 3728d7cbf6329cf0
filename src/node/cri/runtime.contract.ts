import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import type { ContainerConfig, ContainerRuntime, PodSandboxConfig, RuntimeEvent } from './runtime.ts'
import { sampleContainer, sampleSandbox } from './sample-configs.ts'

export interface RuntimeUnderTest {
  readonly runtime: ContainerRuntime
  /** The image's command sleeps, until it is stopped, or ends at once with the code in its `EXIT_CODE`. */
  readonly image: string
  readonly logDirectory: string
  readonly cgroupParent: string
  dispose(): Promise<void>
}

/** What every container runtime must do, the fake included: tests of the agent rest on it. */
export function runtimeContract(name: string, setUp: () => Promise<RuntimeUnderTest>): void {
  describe(`container runtime: ${name}`, () => {
    let subject: RuntimeUnderTest
    let runtime: ContainerRuntime
    let pods = 0
    beforeAll(async () => {
      subject = await setUp()
      runtime = subject.runtime
    }, 60_000)
    afterAll(() => subject?.dispose(), 60_000)

    const nextSandbox = () => {
      pods += 1
      return sampleSandbox(`pod-${pods}`, subject)
    }
    const containerConfig = (config: Partial<ContainerConfig> = {}) =>
      sampleContainer({ image: subject.image, ...config })

    /** A sandbox that is removed when the test is over. */
    async function sandbox(): Promise<{ id: string; config: PodSandboxConfig }> {
      const config = nextSandbox()
      const id = await runtime.runPodSandbox(config)
      onTestFinished(() => runtime.removePodSandbox(id))
      return { id, config }
    }

    async function running(config: Partial<ContainerConfig> = {}): Promise<{ sandboxId: string; id: string }> {
      const { id: sandboxId, config: sandboxConfig } = await sandbox()
      const id = await runtime.createContainer(sandboxId, containerConfig(config), sandboxConfig)
      await runtime.startContainer(id)
      return { sandboxId, id }
    }

    /** Collects events until the test is over; `until` resolves when the event has come. */
    function watch() {
      const abort = new AbortController()
      const seen: RuntimeEvent[] = []
      let wake = Promise.withResolvers<void>()
      const reading = (async () => {
        for await (const event of runtime.events(abort.signal)) {
          seen.push(event)
          wake.resolve()
          wake = Promise.withResolvers()
        }
      })()
      onTestFinished(async () => {
        abort.abort()
        await reading
      })
      return {
        seen,
        async until(containerId: string): Promise<void> {
          while (!seen.some((event) => event.type === 'exit' && event.containerId === containerId)) await wake.promise
        },
      }
    }

    test('names itself', async () => {
      expect((await runtime.version()).name).not.toBe('')
    })

    test('a sandbox is ready, has an address and keeps what it was told', async () => {
      const { id, config } = await sandbox()
      const { metadata, labels, annotations } = config
      const status = await runtime.podSandboxStatus(id)
      expect(status).toMatchObject({ id, metadata, state: 'ready', labels, annotations })
      expect(status.ip).toMatch(/^\d+\.\d+\.\d+\.\d+$/)
      expect(await runtime.listPodSandboxes()).toContainEqual({ ...status, ip: '' })
    })

    test('a sandbox in the node’s network has neither an address nor a name of its own', async () => {
      const config = { ...nextSandbox(), hostNetwork: true, hostname: '' }
      const sandboxId = await runtime.runPodSandbox(config)
      onTestFinished(() => runtime.removePodSandbox(sandboxId))
      expect(await runtime.podSandboxStatus(sandboxId)).toMatchObject({ state: 'ready', ip: '' })
      const { linux } = containerConfig()
      const inNode = containerConfig({ linux: { ...linux, hostNetwork: true } })
      const id = await runtime.createContainer(sandboxId, inNode, config)
      await runtime.startContainer(id)
      expect(await runtime.containerStatus(id)).toMatchObject({ state: 'running' })
    })

    test('one name is for one sandbox and for one container in it', async () => {
      const { id, config } = await sandbox()
      await expect(runtime.runPodSandbox(config)).rejects.toMatchObject({ code: 'UNKNOWN', message: /is reserved for/ })
      await runtime.createContainer(id, containerConfig(), config)
      await expect(runtime.createContainer(id, containerConfig(), config)).rejects.toThrow(/is reserved for/)
      const again = containerConfig({ metadata: { name: 'main', attempt: 1 } })
      await expect(runtime.createContainer(id, again, config)).resolves.not.toBe('')
    })

    test('a container goes from created to running to exited', async () => {
      const { id: sandboxId, config } = await sandbox()
      const id = await runtime.createContainer(sandboxId, containerConfig(), config)
      const created = await runtime.containerStatus(id)
      expect(created).toMatchObject({ id, sandboxId, state: 'created', labels: { role: 'main' } })
      expect(created).not.toHaveProperty('startedAt')
      expect(created).not.toHaveProperty('exitCode')

      await runtime.startContainer(id)
      const started = await runtime.containerStatus(id)
      expect(started).toMatchObject({ state: 'running', startedAt: expect.any(Date) })
      expect(started.logPath).toBe(`${config.logDirectory}/main.log`)
      await expect(runtime.startContainer(id)).rejects.toMatchObject({ code: 'UNKNOWN' })
      const listed = (await runtime.listContainers()).find((container) => container.id === id)
      expect(listed).toMatchObject({ sandboxId, state: 'running', metadata: { name: 'main', attempt: 0 } })
      expect(listed).not.toHaveProperty('startedAt')

      await runtime.stopContainer(id, 0)
      const exited = await runtime.containerStatus(id)
      expect(exited).toMatchObject({ state: 'exited', exitCode: 137, reason: 'Error', finishedAt: expect.any(Date) })
    })

    for (const { exitCode, reason } of [
      { exitCode: 0, reason: 'Completed' },
      { exitCode: 3, reason: 'Error' },
    ]) {
      test(`a container that ends by itself with ${exitCode} says so by an event and in its status`, async () => {
        const events = watch()
        const { id } = await running({ envs: [{ key: 'EXIT_CODE', value: String(exitCode) }] })
        await events.until(id)
        await expect
          .poll(() => runtime.containerStatus(id), { interval: 5, timeout: 10_000 })
          .toMatchObject({ state: 'exited', exitCode, reason })
      })
    }

    test('a program that cannot be started fails the start and leaves the container exited with 128', async () => {
      const { id: sandboxId, config } = await sandbox()
      const missing = containerConfig({ command: ['/no/such/program'] })
      const id = await runtime.createContainer(sandboxId, missing, config)
      await expect(runtime.startContainer(id)).rejects.toMatchObject({ message: /no such file or directory/ })
      expect(await runtime.containerStatus(id)).toMatchObject({ state: 'exited', exitCode: 128, reason: 'StartError' })
    })

    test('runs commands, whose ends are no events', async () => {
      const events = watch()
      const { id } = await running()
      expect(await runtime.execSync(id, ['true'], 10)).toEqual({ stdout: '', stderr: '', exitCode: 0 })
      expect(await runtime.execSync(id, ['false'], 0)).toMatchObject({ exitCode: 1 })
      await runtime.stopContainer(id, 0)
      await events.until(id)
      expect(events.seen.filter(({ containerId }) => containerId === id)).toEqual([{ type: 'exit', containerId: id }])
    })

    test('a command that takes too long is broken off', async () => {
      const { id } = await running()
      await expect(runtime.execSync(id, ['sleep', '60'], 1)).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' })
    })

    test('gives URLs on loopback for exec, attach and port-forward, but not for what is not there', async () => {
      const { id, sandboxId } = await running()
      const request = { containerId: id, stdin: false, stdout: true, stderr: true, tty: false }
      for (const url of [
        await runtime.execUrl({ ...request, command: ['true'] }),
        await runtime.attachUrl(request),
        await runtime.portForwardUrl(sandboxId),
      ]) {
        expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\//)
      }
      await expect(runtime.execUrl({ ...request, containerId: 'none', command: ['true'] })).rejects.toMatchObject({
        name: 'RuntimeError',
      })
    })

    test('stopping a sandbox ends its containers and takes its address', async () => {
      const events = watch()
      const { id, sandboxId } = await running()
      await runtime.stopPodSandbox(sandboxId)
      await Promise.all([events.until(id), events.until(sandboxId)])
      expect(await runtime.podSandboxStatus(sandboxId)).toMatchObject({ state: 'notReady', ip: '' })
      await expect
        .poll(() => runtime.containerStatus(id), { interval: 5, timeout: 10_000 })
        .toMatchObject({ state: 'exited', exitCode: 137 })
    })

    test('removing a sandbox removes its containers; stopping and removing what is gone is no error', async () => {
      const { id, sandboxId } = await running()
      await runtime.removePodSandbox(sandboxId)
      for (const lookUp of [() => runtime.podSandboxStatus(sandboxId), () => runtime.containerStatus(id)]) {
        await expect(lookUp()).rejects.toMatchObject({ name: 'RuntimeError', code: 'NOT_FOUND' })
      }
      await runtime.stopContainer(id, 1)
      await runtime.removeContainer(id)
      await runtime.stopPodSandbox(sandboxId)
      await runtime.removePodSandbox(sandboxId)
    })

    test('a running container can be removed', async () => {
      const { id } = await running()
      await runtime.removeContainer(id)
      await expect(runtime.containerStatus(id)).rejects.toMatchObject({ code: 'NOT_FOUND' })
    })

    test('knows its images; one that is not there makes no container', async () => {
      expect(await runtime.imageStatus(subject.image)).toMatchObject({ id: expect.stringMatching(/^sha256:/) })
      expect(await runtime.imageStatus('none.invalid/nothing:1')).toBeUndefined()
      expect((await runtime.listImages()).length).toBeGreaterThan(0)
      const { id, config } = await sandbox()
      const unknown = containerConfig({ image: 'none.invalid/nothing:1' })
      await expect(runtime.createContainer(id, unknown, config)).rejects.toMatchObject({ code: 'NOT_FOUND' })
    })

    test('an event stream ends when its signal aborts', async () => {
      const abort = new AbortController()
      abort.abort()
      for await (const event of runtime.events(abort.signal)) expect.fail(`unexpected ${event.type}`)
    })
  })
}
