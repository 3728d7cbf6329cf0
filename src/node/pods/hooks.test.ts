import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, onTestFinished, test } from 'vitest'
import { ManualClock } from '../../base/manual-clock.ts'
import { FakeRuntime } from '../cri/fake-runtime.ts'
import { RuntimeError, type ExecResult } from '../cri/runtime.ts'
import { HookFailed, runHook, type Hook } from './hooks.ts'
import { testPod } from './test-pods.ts'

const where = 'for Container "app" in Pod "web_default(uid-1)" failed - error:'

class ExecRuntime extends FakeRuntime {
  readonly asked: unknown[] = []
  readonly #answer: ExecResult | RuntimeError
  constructor(answer: ExecResult | RuntimeError = { exitCode: 0, stdout: '', stderr: '' }) {
    super()
    this.#answer = answer
  }
  override async execSync(...asked: [string, readonly string[], number]) {
    this.asked.push(asked)
    if (this.#answer instanceof RuntimeError) throw this.#answer
    return this.#answer
  }
}

function run(hook: Hook, { runtime = new ExecRuntime(), timeoutSeconds = 0 } = {}) {
  const clock = new ManualClock()
  const events: string[] = []
  const recorder = { event: (_about: unknown, _type: string, what: { reason: string; message: string }) => void events.push(`${what.reason} ${what.message}`) }
  const spec = { name: 'app', ports: [{ name: 'http', containerPort: 1 }] }
  const done = runHook({ runtime, clock, events: recorder }, hook, {
    pod: testPod(),
    spec,
    containerId: 'app-1',
    podIP: '127.0.0.1',
    timeoutSeconds,
  })
  return { done, clock, events, runtime }
}

describe('exec', () => {
  test('runs a command, as it is written', async () => {
    const { done, runtime } = run({ exec: { command: ['echo', '$(HOME)'] } }, { timeoutSeconds: 7 })
    await done
    expect(runtime.asked).toEqual([['app-1', ['echo', '$(HOME)'], 7]])
  })

  for (const { name, answer, why } of [
    {
      name: 'a command that fails',
      answer: { exitCode: 3, stdout: 'out', stderr: 'no' },
      why: `command 'sh -c x' exited with 3: no, message: "outno"`,
    },
    { name: 'a command that cannot be run', answer: new RuntimeError('UNKNOWN', 'not found'), why: 'not found, message: ""' },
  ]) {
    test(name, async () => {
      const { done } = run({ exec: { command: ['sh', '-c', 'x'] } }, { runtime: new ExecRuntime(answer) })
      await expect(done).rejects.toThrow(new HookFailed(`Exec lifecycle hook ([sh -c x]) ${where} ${why}`))
    })
  }
})

describe('httpGet', () => {
  const requests: string[] = []
  async function site(): Promise<number> {
    requests.length = 0
    const server = createServer((request, response) => {
      requests.push(`${request.url} ${request.headers['user-agent']} ${request.headers.authorization ?? ''}`)
      response.writeHead(500).end()
    })
    await once(server.listen(0, '127.0.0.1'), 'listening')
    onTestFinished(() => void server.close())
    return (server.address() as AddressInfo).port
  }

  test('any answer will do', async () => {
    await run({ httpGet: { path: '/drain', port: await site() } }).done
    expect(requests).toEqual(['/drain kube-lifecycle/1.36 '])
  })

  test('no answer will not', async () => {
    const { done } = run({ httpGet: { path: '/drain', port: 'http' } })
    const why = 'Get "http://127.0.0.1:1/drain": dial tcp 127.0.0.1:1: connect: connection refused'
    await expect(done).rejects.toThrow(new HookFailed(`HTTP lifecycle hook (/drain) ${where} ${why}`))
  })

  test('nor does a port that there is not', async () => {
    await expect(run({ httpGet: { port: 'none' } }).done).rejects.toThrow('container app has no port "none"')
  })

  test('a server that knows no TLS is asked without, and without the secret', async () => {
    const port = await site()
    const httpHeaders = [{ name: 'Authorization', value: 'secret' }]
    const { done, events } = run({ httpGet: { path: '/drain', port, scheme: 'HTTPS', httpHeaders } })
    await done
    expect(requests).toEqual(['/drain kube-lifecycle/1.36 '])
    expect(events).toEqual([
      `LifecycleHTTPFallback request to HTTPS lifecycle hook 127.0.0.1:${port} got HTTP response, retry with HTTP succeeded`,
    ])
  })
})

describe('sleep', () => {
  for (const { seconds, timeoutSeconds, sleepsMs } of [
    { seconds: 5, timeoutSeconds: 0, sleepsMs: 5000 },
    { seconds: 60, timeoutSeconds: 10, sleepsMs: 10_000 },
  ]) {
    test(`${seconds} s, of ${timeoutSeconds} s at most`, async () => {
      const { done, clock } = run({ sleep: { seconds } }, { timeoutSeconds })
      expect(clock.nextTimerMs).toBe(sleepsMs)
      clock.advance(sleepsMs)
      await done
    })
  }
})

test('a hook without a handler', async () => {
  await expect(run({}).done).rejects.toThrow(HookFailed)
})
