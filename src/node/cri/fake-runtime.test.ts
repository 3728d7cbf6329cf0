import { expect, test } from 'vitest'
import { FakeRuntime } from './fake-runtime.ts'
import { runtimeContract } from './runtime.contract.ts'
import { RuntimeError, type ContainerConfig, type ExecResult } from './runtime.ts'

runtimeContract('in memory', async () => ({
  runtime: new FakeRuntime({
    images: {
      sleeper: {
        exitsWith: ({ envs }: ContainerConfig) => {
          const told = envs.find(({ key }) => key === 'EXIT_CODE')
          return told && Number(told.value)
        },
        startError: ({ command: [program] }: ContainerConfig) =>
          program === '/no/such/program' ? `exec: "${program}": no such file or directory` : undefined,
        exec: ([program]) => {
          if (program === 'sleep') return new Promise<ExecResult>(() => {})
          return { stdout: '', stderr: '', exitCode: program === 'false' ? 1 : 0 }
        },
      },
    },
  }),
  image: 'sleeper',
  logDirectory: '/var/log/pods',
  cgroupParent: '/pods',
  dispose: async () => {},
}))

test('fails when told to, once', async () => {
  const runtime = new FakeRuntime()
  runtime.failNext('version', new RuntimeError('UNAVAILABLE', 'down'))
  await expect(runtime.version()).rejects.toMatchObject({ code: 'UNAVAILABLE' })
  await expect(runtime.version()).resolves.toMatchObject({ name: 'fake' })
  expect(runtime.calls).toEqual(['version', 'version'])
})

test('breaks event streams as a restart does', async () => {
  const runtime = new FakeRuntime()
  const next = runtime.events(new AbortController().signal)[Symbol.asyncIterator]().next()
  runtime.disconnect()
  await expect(next).rejects.toMatchObject({ code: 'UNAVAILABLE' })
})

test('pulls from its registry only', async () => {
  const runtime = new FakeRuntime({ registry: { 'example.com/web:1': {} } })
  expect(await runtime.pullImage('example.com/web:1')).toBe((await runtime.imageStatus('example.com/web:1'))?.id)
  await expect(runtime.pullImage('example.com/web:2')).rejects.toMatchObject({ code: 'NOT_FOUND' })
})
