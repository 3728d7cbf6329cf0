import { describe, expect, test } from 'vitest'
import type { Pod, PodStatus } from '../../api/kinds/pod.ts'
import { newMemory, type PodMemory } from './memory.ts'
import { newestFirst, type ObservedPod } from './observed.ts'
import { compileStatus, type OwnStatus } from './status.ts'
import { statusPatch } from './status-writer.ts'
import { exitedRun, secondsBefore, testNow, testPod, testRun, testSandbox, type PodInput } from './test-pods.ts'

function compile(
  input: PodInput,
  sees: (pod: Pod) => Partial<ObservedPod> = () => ({}),
  remembers: Partial<PodMemory> = {},
): ReturnType<typeof compileStatus> {
  const pod = testPod(input)
  const seen = { sandboxes: [], containers: [], ...sees(pod) }
  const observed = { ...seen, containers: [...seen.containers].sort(newestFirst) }
  const memory = { ...newMemory(), ...remembers }
  return compileStatus({ pod, observed, memory, now: testNow }, { hostIP: '192.168.99.11' })
}

const up = (pod: Pod) => ({ sandboxes: [testSandbox(pod)] })
const withSidecar = { initContainers: [{ name: 'proxy', image: 'kubia', restartPolicy: 'Always' }] }
const withInit = { initContainers: [{ name: 'first', image: 'kubia' }] }

interface Case {
  readonly name: string
  readonly pod?: PodInput
  readonly sees?: (pod: Pod) => Partial<ObservedPod>
  readonly remembers?: Partial<PodMemory>
  readonly phase: string
  /** `Type Status Reason` of those that say something of the case. */
  readonly conditions?: readonly string[]
  /** The first container's state, in short. */
  readonly state: string
}

const cases: readonly Case[] = [
  {
    name: 'nothing there yet',
    phase: 'Pending',
    conditions: ['PodReadyToStartContainers False', 'Initialized True', 'Ready False ContainersNotReady', 'PodScheduled True'],
    state: 'waiting ContainerCreating',
  },
  { name: 'a sandbox', sees: up, phase: 'Pending', conditions: ['PodReadyToStartContainers True'], state: 'waiting ContainerCreating' },
  {
    name: 'running',
    sees: (pod) => ({ ...up(pod), containers: [testRun(pod)] }),
    phase: 'Running',
    conditions: ['ContainersReady True', 'Ready True'],
    state: 'running',
  },
  {
    name: 'running, not ready by its probe',
    sees: (pod) => ({ ...up(pod), containers: [testRun(pod)] }),
    remembers: { health: new Map([['app-0', { started: true, ready: false }]]) },
    phase: 'Running',
    conditions: ['ContainersReady False ContainersNotReady'],
    state: 'running',
  },
  {
    name: 'ready but for a readiness gate',
    pod: { spec: { readinessGates: [{ conditionType: 'lb/ready' }] } },
    sees: (pod) => ({ ...up(pod), containers: [testRun(pod)] }),
    phase: 'Running',
    conditions: ['ContainersReady True', 'Ready False ReadinessGatesNotReady'],
    state: 'running',
  },
  {
    name: 'an init container at work',
    pod: { spec: withInit },
    sees: (pod) => ({ ...up(pod), containers: [testRun(pod, { name: 'first' })] }),
    phase: 'Pending',
    conditions: ['Initialized False ContainersNotInitialized'],
    state: 'waiting PodInitializing',
  },
  {
    name: 'an init container that failed for good',
    pod: { spec: { ...withInit, restartPolicy: 'Never' } },
    sees: (pod) => ({ ...up(pod), containers: [exitedRun(pod, { name: 'first' })] }),
    phase: 'Failed',
    state: 'waiting PodInitializing',
  },
  {
    name: 'crashed, waiting to be restarted',
    sees: (pod) => ({ ...up(pod), containers: [exitedRun(pod, { attempt: 2, streak: 2 })] }),
    phase: 'Running',
    conditions: ['Ready False ContainersNotReady'],
    state: 'waiting CrashLoopBackOff',
  },
  {
    name: 'completed',
    pod: { spec: { restartPolicy: 'Never' } },
    sees: (pod) => ({ containers: [exitedRun(pod, { exitCode: 0, reason: 'Completed' })] }),
    phase: 'Succeeded',
    conditions: ['Initialized True PodCompleted', 'Ready False PodCompleted', 'ContainersReady False PodCompleted'],
    state: 'terminated Completed',
  },
  {
    name: 'failed',
    pod: { spec: { restartPolicy: 'Never' } },
    sees: (pod) => ({ containers: [exitedRun(pod, { reason: 'OOMKilled', exitCode: 137 })] }),
    phase: 'Failed',
    conditions: ['Ready False PodFailed'],
    state: 'terminated OOMKilled',
  },
  {
    name: 'deleted and ended',
    pod: { metadata: { deletionTimestamp: '2026-01-01T01:00:00Z' } },
    sees: (pod) => ({ containers: [exitedRun(pod, { exitCode: 143, streak: 3, attempt: 3 })] }),
    phase: 'Failed',
    state: 'terminated Error',
  },
  {
    name: 'over its deadline',
    pod: { spec: { activeDeadlineSeconds: 1 }, status: { startTime: '2026-01-01T00:00:00Z' } },
    sees: (pod) => ({ containers: [exitedRun(pod)] }),
    phase: 'Failed',
    state: 'terminated Error',
  },
  {
    name: 'over its deadline, being stopped',
    pod: { spec: { activeDeadlineSeconds: 1 }, status: { phase: 'Running', startTime: '2026-01-01T00:00:00Z' } },
    sees: (pod) => ({ ...up(pod), containers: [testRun(pod)] }),
    phase: 'Running',
    state: 'running',
  },
  {
    name: 'over its deadline before its container began',
    pod: { spec: { activeDeadlineSeconds: 1 }, status: { startTime: '2026-01-01T00:00:00Z' } },
    phase: 'Failed',
    state: 'terminated ContainerStatusUnknown',
  },
  {
    name: 'completed, with a sidecar that still runs',
    pod: { spec: { ...withSidecar, restartPolicy: 'Never' }, status: { phase: 'Running' } },
    sees: (pod) => ({ ...up(pod), containers: [exitedRun(pod, { exitCode: 0 }), testRun(pod, { name: 'proxy' })] }),
    phase: 'Running',
    state: 'terminated Error',
  },
  {
    name: 'completed, and its sidecar has been ended',
    pod: { spec: { ...withSidecar, restartPolicy: 'Never' }, status: { phase: 'Running' } },
    sees: (pod) => ({ ...up(pod), containers: [exitedRun(pod, { exitCode: 0 }), exitedRun(pod, { name: 'proxy' })] }),
    phase: 'Succeeded',
    conditions: ['Initialized True PodCompleted', 'Ready False PodCompleted'],
    state: 'terminated Error',
  },
  {
    name: 'a sidecar that is not ready',
    pod: { spec: withSidecar },
    sees: (pod) => ({ ...up(pod), containers: [testRun(pod), testRun(pod, { name: 'proxy' })] }),
    remembers: { health: new Map([['proxy-0', { started: true, ready: false }]]) },
    phase: 'Running',
    conditions: ['Initialized True', 'ContainersReady False ContainersNotReady'],
    state: 'running',
  },
  {
    name: 'an init container that failed for good beside a sidecar that still runs',
    pod: { spec: { initContainers: [...withSidecar.initContainers, ...withInit.initContainers], restartPolicy: 'Never' } },
    sees: (pod) => ({ ...up(pod), containers: [testRun(pod, { name: 'proxy' }), exitedRun(pod, { name: 'first' })] }),
    phase: 'Pending',
    state: 'waiting PodInitializing',
  },
  {
    name: 'a run that the runtime has forgotten',
    pod: {
      spec: { restartPolicy: 'Never' },
      status: {
        phase: 'Failed',
        containerStatuses: [
          { name: 'app', image: 'kubia', imageID: '', ready: true, restartCount: 1, containerID: 'containerd://x', state: { running: {} } },
        ],
      },
    },
    phase: 'Failed',
    state: 'terminated ContainerStatusUnknown',
  },
]

for (const { name, pod = {}, sees, remembers, phase, conditions = [], state } of cases) {
  test(name, () => {
    const status = compile(pod, sees, remembers)
    expect(status.phase).toBe(phase)
    expect(describeConditions(status)).toEqual(expect.arrayContaining([...conditions]))
    expect(describeState(status)).toBe(state)
  })
}

describe('transition times', () => {
  const running = (pod: Pod) => ({ ...up(pod), containers: [testRun(pod)] })
  const before = [
    { type: 'Ready', status: 'True', lastTransitionTime: '2025-12-31T00:00:00Z' },
    { type: 'ContainersReady', status: 'False', lastTransitionTime: '2025-12-31T00:00:00Z', reason: 'ContainersNotReady' },
    { type: 'lb/ready', status: 'True', lastTransitionTime: '2025-12-30T00:00:00Z' },
  ]

  test('are kept while the status is, and others’ conditions always', () => {
    const { conditions = [] } = compile({ status: { conditions: before } }, running)
    const times = Object.fromEntries(conditions.map(({ type, lastTransitionTime }) => [type, lastTransitionTime]))
    expect(times).toMatchObject({
      Ready: '2025-12-31T00:00:00Z',
      ContainersReady: '2026-01-01T01:00:00Z',
      'lb/ready': '2025-12-30T00:00:00Z',
    })
  })

  test('a status compiled from itself is the same', () => {
    const first = compile({}, running)
    expect(compile({ status: first }, running)).toEqual(first)
  })
})

test('a verdict is told with the phase that it explains', () => {
  const pod = { spec: { activeDeadlineSeconds: 1 }, status: { startTime: '2026-01-01T00:00:00Z' } }
  expect(compile(pod, (seen) => ({ ...up(seen), containers: [testRun(seen)] }))).not.toHaveProperty('reason')
  expect(compile(pod, (seen) => ({ containers: [exitedRun(seen)] }))).toMatchObject({
    phase: 'Failed',
    reason: 'DeadlineExceeded',
    message: 'Pod was active on the node longer than the specified deadline',
  })
})

test('conditions say of which version of the pod they are', () => {
  const gate = { type: 'lb/ready', status: 'True', observedGeneration: 1 }
  const { conditions = [] } = compile({ metadata: { generation: 3 }, status: { conditions: [gate] } })
  expect(new Set(conditions.map(({ type, observedGeneration }) => `${type === 'lb/ready'} ${observedGeneration}`))).toEqual(
    new Set(['false 3', 'true 1']),
  )
})

test('termination messages together are bounded', () => {
  const { containerStatuses } = compile(
    { spec: { restartPolicy: 'Never', containers: [{ name: 'app' }, { name: 'side' }] } },
    (pod) => ({ containers: [exitedRun(pod, { message: 'ä'.repeat(5000) }), exitedRun(pod, { name: 'side', message: 'short' })] }),
  )
  expect(containerStatuses?.map(({ state }) => state?.terminated?.message)).toEqual(['ä'.repeat(3072), 'short'])
})

describe('what is written', () => {
  const ready = { type: 'Ready', status: 'False', reason: 'ContainersNotReady' }
  const scheduled = { type: 'PodScheduled', status: 'True' }
  const gate = { type: 'lb/ready', status: 'True' }
  const status: PodStatus = { phase: 'Running', podIP: '10.108.1.7', qosClass: 'Burstable', message: 'old', conditions: [ready, scheduled, gate] }
  const same = { phase: 'Running', podIP: '10.108.1.7', message: 'old', conditions: [ready, scheduled, gate] }

  for (const { name, after, patch } of [
    { name: 'nothing if nothing differs', after: same, patch: {} },
    {
      name: 'only the fields that differ; null for those that are gone; others’ not at all',
      after: { ...same, podIP: '10.108.1.8', message: undefined },
      patch: { podIP: '10.108.1.8', message: null },
    },
    {
      name: 'of the conditions only those that differ',
      after: { ...same, conditions: [{ type: 'Ready', status: 'True' }, scheduled, gate] },
      patch: { conditions: [{ type: 'Ready', status: 'True', reason: null }] },
    },
    {
      name: 'addresses in the place of those before',
      after: { ...same, podIPs: [{ ip: '10.108.1.8' }] },
      patch: { podIPs: [{ ip: '10.108.1.8' }, { $patch: 'replace' }] },
    },
  ] as { name: string; after: OwnStatus; patch: object }[]) {
    test(name, () => expect(statusPatch(testPod({ status }), after)).toEqual(patch))
  }
})

test('a back-off from a pull shows as an error first', () => {
  const failure = (seconds: number) => ({
    containerFailures: new Map([
      ['app', { reason: 'ErrImagePull', message: 'no', at: secondsBefore(seconds), retryAt: secondsBefore(-9), count: 1 }],
    ]),
  })
  expect(describeState(compile({}, up, failure(0)))).toBe('waiting ErrImagePull')
  expect(describeState(compile({}, up, failure(2)))).toBe('waiting ImagePullBackOff')
})

function describeConditions({ conditions = [] }: Pick<PodStatus, 'conditions'>): string[] {
  return conditions.map(({ type, status, reason }) => [type, status, reason].filter((part) => part !== undefined).join(' '))
}

function describeState({ containerStatuses: [first] = [] }: Pick<PodStatus, 'containerStatuses'>): string {
  const { running, waiting, terminated } = first?.state ?? {}
  if (running !== undefined) return 'running'
  return waiting === undefined ? `terminated ${terminated?.reason}` : `waiting ${waiting.reason}`
}
