import { describe, expect, onTestFinished, test } from 'vitest'
import type { Pod } from '../../api/kinds/pod.ts'
import { atRest } from '../../base/at-rest.ts'
import { silentLog } from '../../base/log.ts'
import { ManualClock } from '../../base/manual-clock.ts'
import { FakeRuntime } from '../cri/fake-runtime.ts'
import { RuntimeError } from '../cri/runtime.ts'
import type { ContainerSpec } from '../pods/spec.ts'
import { testPod, type PodInput } from '../pods/test-pods.ts'
import { Prober } from './prober.ts'
import type { ProbeSpec } from './run-probe.ts'

const exec = { command: ['check'] }

describe('readiness', () => {
  const cases: readonly { name: string; probe: ProbeSpec; outcomes: string; ready: string }[] = [
    { name: 'one success is enough, three failures are needed', probe: {}, outcomes: '-+---+', ready: '-+++-+' },
    { name: 'the thresholds given', probe: { successThreshold: 2, failureThreshold: 1 }, outcomes: '++-+++', ready: '-+--++' },
    { name: 'what could not be found out counts neither way', probe: { failureThreshold: 2 }, outcomes: '+-?-?', ready: '+++--' },
  ]
  for (const { name, probe, outcomes, ready } of cases) {
    test(name, async () => {
      const node = testProber({ readinessProbe: { exec, ...probe } })
      expect(await node.probe(outcomes, () => (node.health()?.ready === true ? '+' : '-'))).toBe(ready)
      expect(node.health()?.failedProbe).toBeUndefined()
    })
  }

  test('every failure is an Event of the container', async () => {
    const node = testProber({ readinessProbe: { exec } })
    await node.probe('-+?')
    expect(node.events).toEqual([
      'spec.containers{app} Unhealthy Readiness probe failed: not yet',
      'spec.containers{app} Unhealthy Readiness probe errored and resulted in unknown state: rpc error: code = Unknown desc = no exec',
    ])
  })
})

describe('liveness', () => {
  test('is taken for granted until it has failed often enough; then nothing is probed any more', async () => {
    const node = testProber({ livenessProbe: { exec, failureThreshold: 2 }, readinessProbe: { exec, periodSeconds: 1000 } })
    expect(await node.probe('++-+--', () => node.health()?.failedProbe ?? '.')).toBe('.....liveness')
    expect(node.clock.nextTimerMs).toBeUndefined()
  })
})

describe('startup', () => {
  test('until it succeeds nothing else counts; then readiness is found out at once', async () => {
    const node = testProber({ startupProbe: { exec, failureThreshold: 5 }, readinessProbe: { exec }, livenessProbe: { exec } })
    await node.probe('-')
    expect(node.health()).toEqual({ started: false, ready: false })
    await node.probe('+')
    expect(node.health()).toEqual({ started: true, ready: false })
    expect(node.clock.nextTimerMs).toBe(0)
    await node.probe('+')
    expect(node.health()).toEqual({ started: true, ready: true })
  })

  test('a container that does not start in time must be restarted', async () => {
    const node = testProber({ startupProbe: { exec, failureThreshold: 3 }, livenessProbe: { exec } })
    expect(await node.probe('---', () => node.health()?.failedProbe ?? '.')).toBe('..startup')
    expect(node.events.at(-1)).toBe('spec.containers{app} Unhealthy Startup probe failed: not yet')
    expect(node.clock.nextTimerMs).toBeUndefined()
  })
})

describe('times', () => {
  test('nothing is probed before the initial delay, nor after the container has ended', async () => {
    const node = testProber({ readinessProbe: { exec, initialDelaySeconds: 30, periodSeconds: 5 } })
    expect(node.clock.nextTimerMs).toBe(30_000)
    await node.probe('+')
    expect(node.clock.nextTimerMs).toBe(5000)
    node.follow([])
    expect(node.clock.nextTimerMs).toBeUndefined()
    expect(node.health()).toBeUndefined()
  })

  test('a probe that takes its time does not put off the next', async () => {
    const node = testProber({ readinessProbe: { exec, periodSeconds: 10, timeoutSeconds: 5 } })
    node.takesMs = 4000
    for (let round = 0; round < 3; round += 1) await node.probe('+')
    expect(node.begunAtMs).toEqual([0, 10_000, 20_000])
  })

  test('a restarted agent believes what was known, and keeps the schedule', async () => {
    const known = { name: 'app', image: 'kubia', imageID: '', restartCount: 0, started: true, ready: true, containerID: 'containerd://app-1' }
    const spec = { readinessProbe: { exec, periodSeconds: 10 }, startupProbe: { exec } }
    const node = testProber(spec, { agoMs: 34_000, pod: { status: { containerStatuses: [known] } } })
    expect(node.health()).toEqual({ started: true, ready: true })
    expect(node.clock.nextTimerMs).toBe(6000)
  })
})

test('of a pod that is to end only the readiness is of interest', async () => {
  const node = testProber({ livenessProbe: { exec }, readinessProbe: { exec, periodSeconds: 7 } })
  await node.probe('+')
  node.follow(undefined, { deletionTimestamp: '2026-01-01T00:00:30Z' })
  const before = node.begunAtMs.length
  await node.probe('---')
  expect(node.begunAtMs.slice(before)).toEqual([7000, 14_000, 21_000])
  expect(node.health()).toEqual({ started: true, ready: false })
})

interface More {
  readonly pod?: PodInput
  /** For how long the container runs already. */
  readonly agoMs?: number
}

/** One container of a pod, which its probes ask when the test says so. */
function testProber(spec: Partial<ContainerSpec>, { pod: more = {}, agoMs = 0 }: More = {}) {
  const clock = new ManualClock()
  const runtime = new AnsweringRuntime(clock)
  const events: string[] = []
  const pod = testPod({ ...more, spec: { containers: [{ name: 'app', ...spec }] } })
  const prober = new Prober({
    runtime,
    clock,
    log: silentLog,
    events: { event: ({ fieldPath }, _type, { reason, message }) => void events.push(`${fieldPath} ${reason} ${message}`) },
  })
  onTestFinished(() => prober.stop())
  const running = [{ name: 'app', id: 'app-1', startedAt: new Date(clock.now().getTime() - agoMs) }]
  const follow = (containers = running, metadata: Partial<Pod['metadata']> = {}) =>
    prober.follow({ ...pod, metadata: { ...pod.metadata, ...metadata } }, '127.0.0.1', containers, () => {})
  follow()
  return {
    clock,
    events,
    follow,
    health: () => prober.healthOf('uid-1').get('app-1'),
    begunAtMs: runtime.begunAtMs,
    set takesMs(ms: number) {
      runtime.takesMs = ms
    },
    /** Lets a probe happen for each outcome (`+`, `-`, `?`); resolves to what was seen after each. */
    async probe(outcomes: string, see: () => string = () => ''): Promise<string> {
      let seen = ''
      for (const outcome of outcomes) {
        runtime.next = outcome
        clock.advance(clock.nextTimerMs ?? 0)
        await atRest()
        if (runtime.takesMs > 0) {
          clock.advance(runtime.takesMs)
          await atRest()
        }
        seen += see()
      }
      return seen
    },
  }
}

class AnsweringRuntime extends FakeRuntime {
  next = '+'
  takesMs = 0
  readonly begunAtMs: number[] = []
  readonly #time: ManualClock

  constructor(clock: ManualClock) {
    super({ clock })
    this.#time = clock
  }

  override async execSync() {
    this.begunAtMs.push(this.#time.monotonicMs())
    const { next, takesMs } = this
    if (takesMs > 0) await this.#time.sleep(takesMs)
    if (next === '?') throw new RuntimeError('UNKNOWN', 'no exec')
    return { stdout: '', stderr: 'not yet', exitCode: next === '+' ? 0 : 1 }
  }
}
