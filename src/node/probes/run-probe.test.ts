import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, onTestFinished, test } from 'vitest'
import { FakeRuntime } from '../cri/fake-runtime.ts'
import { RuntimeError, type ExecResult } from '../cri/runtime.ts'
import type { ContainerSpec } from '../pods/spec.ts'
import { runProbe, type ProbeSpec } from './run-probe.ts'

/** Resolves to the port of a server that answers with the status that is its path. */
async function site(): Promise<number> {
  const server = createServer((request, response) => {
    response.writeHead(Number(request.url?.slice(1)) || 200, { location: 'http://elsewhere.example' }).end('body')
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  onTestFinished(() => void server.close())
  return (server.address() as AddressInfo).port
}

function probe(spec: ProbeSpec, { runtime = new FakeRuntime(), ...container }: Partial<ContainerSpec> & { runtime?: FakeRuntime } = {}) {
  const target = { spec: { name: 'app', ...container }, containerId: 'x', podIP: '127.0.0.1' }
  // The default of a second is for the machine that the tests run on to keep or not.
  return runProbe(runtime, { timeoutSeconds: 15, ...spec }, target)
}

describe('httpGet', () => {
  for (const { path, outcome } of [
    { path: '/200', outcome: { result: 'success' } },
    { path: '/299', outcome: { result: 'success' } },
    { path: '/302', outcome: { result: 'warning', message: 'Probe terminated redirects, Response body: body' } },
    { path: '/400', outcome: { result: 'failure', message: 'HTTP probe failed with statuscode: 400' } },
    { path: '/500', outcome: { result: 'failure', message: 'HTTP probe failed with statuscode: 500' } },
  ]) {
    test(path, async () => expect(await probe({ httpGet: { path, port: await site() } })).toEqual(outcome))
  }

  test('a port by name', async () => {
    const ports = [{ name: 'http', containerPort: await site() }]
    expect(await probe({ httpGet: { path: '/', port: 'http' } }, { ports })).toEqual({ result: 'success' })
  })

  test('another host than the pod', async () => {
    const port = await site()
    expect(await probe({ httpGet: { path: '/', host: 'localhost', port } })).toEqual({ result: 'success' })
  })
})

describe('tcpSocket', () => {
  test('a connection is enough', async () => {
    expect(await probe({ tcpSocket: { port: await site() } })).toEqual({ result: 'success' })
  })

  test('a refusal fails', async () => {
    const message = 'dial tcp 127.0.0.1:1: connect: connection refused'
    expect(await probe({ tcpSocket: { port: 1 } })).toEqual({ result: 'failure', message })
  })
})

test('grpc', async () => {
  const message = expect.stringContaining('failed to connect service at "127.0.0.1:1"')
  expect(await probe({ grpc: { port: 1 } })).toEqual({ result: 'failure', message })
})

describe('exec', () => {
  const answering = (answer: ExecResult | RuntimeError) => {
    const runtime = new ExecRuntime(answer)
    return { runtime, outcome: probe({ exec: { command: ['ls', '$(WHERE)/ready', '$(SECRET)'] } }, { runtime, env }) }
  }
  const env = [
    { name: 'WHERE', value: '/var' },
    { name: 'SECRET', valueFrom: { secretKeyRef: { key: 'a', name: 'b' } } },
  ]

  test('knows the container’s plain variables', async () => {
    const { runtime, outcome } = answering({ exitCode: 0, stdout: 'x', stderr: '' })
    expect(await outcome).toEqual({ result: 'success' })
    expect(runtime.commands).toEqual([['ls', '/var/ready', '$(SECRET)']])
  })

  for (const { name, answer, outcome } of [
    {
      name: 'an exit code other than 0',
      answer: { exitCode: 2, stdout: 'out ', stderr: "ls: cannot access '/var/ready': No such file or directory\n" },
      outcome: { result: 'failure', message: "out ls: cannot access '/var/ready': No such file or directory" },
    },
    {
      name: 'a command that takes too long',
      answer: new RuntimeError('DEADLINE_EXCEEDED', 'context deadline exceeded'),
      outcome: { result: 'failure', message: 'command timed out: "ls /var/ready $(SECRET)" timed out after 15s' },
    },
    {
      name: 'a command that cannot be run',
      answer: new RuntimeError('UNKNOWN', 'exec failed: ls: not found'),
      outcome: { result: 'unknown', message: 'rpc error: code = Unknown desc = exec failed: ls: not found' },
    },
  ]) {
    test(name, async () => expect(await answering(answer).outcome).toEqual(outcome))
  }

  test('a runtime that does not answer says nothing of the container', async () => {
    await expect(answering(new RuntimeError('UNAVAILABLE', 'gone')).outcome).rejects.toThrow('gone')
  })
})

for (const { name, spec, message } of [
  { name: 'a port that the container does not have', spec: { tcpSocket: { port: 'none' } }, message: 'container app has no port "none"' },
  { name: 'a probe without a handler', spec: {}, message: 'missing probe handler for container app' },
]) {
  test(`${name} tells nothing of the container`, async () => {
    expect(await probe(spec)).toEqual({ result: 'unknown', message })
  })
}

class ExecRuntime extends FakeRuntime {
  readonly commands: (readonly string[])[] = []
  readonly #answer: ExecResult | RuntimeError

  constructor(answer: ExecResult | RuntimeError) {
    super()
    this.#answer = answer
  }

  override async execSync(_id: string, command: readonly string[]) {
    this.commands.push(command)
    if (this.#answer instanceof RuntimeError) throw this.#answer
    return this.#answer
  }
}
