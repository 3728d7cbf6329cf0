import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, test } from 'vitest'
import { silentLog } from '../../base/log.ts'
import { ManualClock } from '../../base/manual-clock.ts'
import { FakeRuntime } from '../cri/fake-runtime.ts'
import { testPod } from '../pods/test-pods.ts'
import { resolvePort } from './ports.ts'
import { Prober } from './prober.ts'
import { runProbe, type ProbeSpec } from './run-probe.ts'

async function site() {
  const requests: string[] = []
  const server = createServer((request, response) => {
    requests.push(`${request.url} ${request.headers['x-probe'] ?? ''} ${request.headers['user-agent']}`)
    if (request.url === '/hang') return
    response.writeHead(Number(request.url?.slice(1)) || 200).end('body')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    requests,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

describe('httpGet', () => {
  for (const { path, ok, message } of [
    { path: '/200', ok: true, message: '' },
    { path: '/302', ok: true, message: '' },
    { path: '/404', ok: false, message: 'HTTP probe failed with statuscode: 404' },
    { path: '/500', ok: false, message: 'HTTP probe failed with statuscode: 500' },
  ]) {
    test(path, async () => {
      await using web = await site()
      expect(await probe({ httpGet: { path, port: web.port } }, web.port)).toEqual({ ok, message })
    })
  }

  test('sends the headers that it was given', async () => {
    await using web = await site()
    await probe({ httpGet: { path: 'x', port: 'http', httpHeaders: [{ name: 'X-Probe', value: 'yes' }] } }, web.port)
    expect(web.requests).toEqual(['/x yes kube-probe/1.36'])
  })

  test('an answer that does not come in time', async () => {
    await using web = await site()
    const outcome = await probe({ httpGet: { path: '/hang', port: web.port }, timeoutSeconds: 0.05 }, web.port)
    expect(outcome).toEqual({ ok: false, message: `Get "http://127.0.0.1:${web.port}/hang": context deadline exceeded` })
  })

  test('a port that nobody listens on', async () => {
    const outcome = await probe({ httpGet: { path: '/', port: 1 } }, 1)
    expect(outcome).toMatchObject({ ok: false, message: expect.stringContaining('ECONNREFUSED') })
  })
})

describe('tcpSocket', () => {
  test('a connection is enough', async () => {
    await using web = await site()
    expect(await probe({ tcpSocket: { port: web.port } }, web.port)).toEqual({ ok: true, message: '' })
  })

  test('a refusal fails', async () => {
    expect(await probe({ tcpSocket: { port: 1 } }, 1)).toMatchObject({ ok: false, message: expect.stringContaining('dial tcp 127.0.0.1:1') })
  })
})

test('a handler that is not supported fails with a reason', async () => {
  expect(await probe({ grpc: { port: 1 } }, 1)).toMatchObject({ ok: false, message: expect.stringContaining('no handler that is supported') })
})

test('ports are found by number and by name', () => {
  const spec = { name: 'app', ports: [{ name: 'http', containerPort: 8080 }] }
  expect(resolvePort(spec, 'http')).toBe(8080)
  expect(resolvePort(spec, 9)).toBe(9)
  expect(() => resolvePort(spec, 'none')).toThrow('container app has no port "none"')
})

describe('thresholds and times', () => {
  const cases: readonly { name: string; probe: ProbeSpec; outcomes: string; ready: string }[] = [
    { name: 'one success is enough, three failures are needed', probe: {}, outcomes: '-+---+', ready: '-+++-+' },
    { name: 'the thresholds given', probe: { successThreshold: 2, failureThreshold: 1 }, outcomes: '++-+++', ready: '-+--++' },
  ]
  for (const { name, probe: given, outcomes, ready } of cases) {
    test(name, async () => {
      const node = testProber({ ...given, periodSeconds: 5 })
      let seen = ''
      for (const outcome of outcomes) {
        node.answer = outcome === '+'
        await node.nextProbe()
        seen += node.isReady() ? '+' : '-'
      }
      expect(seen).toBe(ready)
      expect(node.events).toHaveLength([...outcomes].filter((outcome) => outcome === '-').length)
      node.prober.stop()
    })
  }

  test('nothing is probed before the initial delay, nor after the container has ended', async () => {
    const node = testProber({ initialDelaySeconds: 30, periodSeconds: 5 })
    expect(node.clock.nextTimerMs).toBe(30_000)
    await node.nextProbe()
    expect(node.clock.nextTimerMs).toBe(5000)
    node.prober.follow(node.pod, '127.0.0.1', [], () => {})
    expect(node.clock.nextTimerMs).toBeUndefined()
    expect(node.prober.healthOf('uid-1').size).toBe(0)
  })

  test('until the startup probe succeeds nothing else counts', async () => {
    const node = testProber({}, { startupProbe: { exec: { command: ['x'] }, failureThreshold: 5 } })
    node.answer = false
    await node.nextProbe()
    expect(node.prober.healthOf('uid-1').get(node.id)).toEqual({ started: false, ready: false })
    node.answer = true
    await node.nextProbe()
    await expect.poll(() => node.prober.healthOf('uid-1').get(node.id)).toEqual({ started: true, ready: false })
    await node.nextProbe()
    await expect.poll(() => node.isReady()).toBe(true)
    node.prober.stop()
  })
})

function probe(spec: ProbeSpec, port: number) {
  const target = { spec: { name: 'app', ports: [{ name: 'http', containerPort: port }] }, containerId: 'x', podIP: '127.0.0.1' }
  // The default of a second is for the machine that the tests run on to keep or not.
  return runProbe(new FakeRuntime(), { timeoutSeconds: 15, ...spec }, target)
}

function testProber(readiness: ProbeSpec, more: object = {}) {
  const clock = new ManualClock()
  const runtime = new AnsweringRuntime()
  const events: string[] = []
  const exec = { command: ['check'] }
  const pod = testPod({ spec: { containers: [{ name: 'app', readinessProbe: { exec, ...readiness }, ...more }] } })
  const prober = new Prober({
    runtime,
    clock,
    log: silentLog,
    events: { event: (_about, _type, { message }) => void events.push(message) },
  })
  const id = 'app-1'
  prober.follow(pod, '127.0.0.1', [{ name: 'app', id, startedAt: clock.now() }], () => {})
  return {
    clock,
    pod,
    prober,
    id,
    events,
    set answer(ok: boolean) {
      runtime.ok = ok
    },
    isReady: () => prober.healthOf('uid-1').get(id)?.ready === true,
    /** Lets the next probe happen and its outcome be judged. */
    async nextProbe() {
      const before = runtime.probes
      clock.advance(clock.nextTimerMs ?? 0)
      await expect.poll(() => runtime.probes > before && clock.nextTimerMs !== undefined, { interval: 1 }).toBe(true)
    },
  }
}

class AnsweringRuntime extends FakeRuntime {
  ok = true
  probes = 0

  override async execSync() {
    this.probes += 1
    return { stdout: '', stderr: 'not yet', exitCode: this.ok ? 0 : 1 }
  }
}
