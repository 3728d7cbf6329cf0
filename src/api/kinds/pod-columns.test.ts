import { expect, test } from 'vitest'
import { created, row } from './kind-trial.ts'
import { podKind as kind } from './pod.ts'

const container = { name: 'main', image: 'luksa/kubia' }
const sidecar = { ...container, name: 'proxy', restartPolicy: 'Always' }
const init = { ...container, name: 'init' }
const running = { name: 'main', ready: true, restartCount: 0, state: { running: {} } }
const waiting = (reason: string) => ({ name: 'main', ready: false, restartCount: 0, state: { waiting: { reason } } })
const ended = (terminated: object) => ({ name: 'main', ready: false, restartCount: 0, state: { terminated } })
const restarted = { restartCount: 2, lastState: { terminated: { exitCode: 1, finishedAt: '2025-12-31T23:56:00Z' } } }
const ready = { type: 'Ready', status: 'True' }
const initialized = { type: 'Initialized', status: 'True' }

interface Case {
  readonly name: string
  readonly metadata?: object
  readonly spec?: object
  readonly status: object
  readonly cells: readonly [ready: string, status: string, restarts?: string]
}

const cases: readonly Case[] = [
  { name: 'not scheduled', status: { phase: 'Pending' }, cells: ['0/1', 'Pending'] },
  {
    name: 'held back by a gate',
    status: { phase: 'Pending', conditions: [{ type: 'PodScheduled', status: 'False', reason: 'SchedulingGated' }] },
    cells: ['0/1', 'SchedulingGated'],
  },
  {
    name: 'being created',
    status: { phase: 'Pending', containerStatuses: [waiting('ContainerCreating')] },
    cells: ['0/1', 'ContainerCreating'],
  },
  { name: 'running', status: { phase: 'Running', containerStatuses: [running] }, cells: ['1/1', 'Running'] },
  {
    name: 'running, not ready',
    status: { phase: 'Running', containerStatuses: [{ ...running, ready: false }] },
    cells: ['0/1', 'Running'],
  },
  {
    name: 'crashing',
    status: { phase: 'Running', containerStatuses: [{ ...waiting('CrashLoopBackOff'), ...restarted }] },
    cells: ['0/1', 'CrashLoopBackOff', '2 (5m ago)'],
  },
  {
    name: 'completed',
    status: { phase: 'Succeeded', containerStatuses: [ended({ exitCode: 0, reason: 'Completed' })] },
    cells: ['0/1', 'Completed'],
  },
  {
    name: 'failed without a reason',
    status: { phase: 'Failed', containerStatuses: [ended({ exitCode: 3 })] },
    cells: ['0/1', 'ExitCode:3'],
  },
  {
    name: 'killed without a reason',
    status: { phase: 'Failed', containerStatuses: [ended({ exitCode: 137, signal: 9 })] },
    cells: ['0/1', 'Signal:9'],
  },
  {
    name: 'one container completed, one running',
    spec: { containers: [container, { ...container, name: 'b' }] },
    status: {
      phase: 'Running',
      conditions: [ready],
      containerStatuses: [ended({ exitCode: 0, reason: 'Completed' }), { ...running, name: 'b' }],
    },
    cells: ['1/2', 'Running'],
  },
  {
    name: 'one container completed, one running, the pod not ready',
    spec: { containers: [container, { ...container, name: 'b' }] },
    status: {
      phase: 'Running',
      containerStatuses: [ended({ exitCode: 0, reason: 'Completed' }), { ...running, name: 'b' }],
    },
    cells: ['1/2', 'NotReady'],
  },
  { name: 'evicted', status: { phase: 'Failed', reason: 'Evicted' }, cells: ['0/1', 'Evicted'] },
  {
    name: 'terminating',
    metadata: { deletionTimestamp: '2026-01-01T00:00:30Z' },
    status: { phase: 'Running', containerStatuses: [running] },
    cells: ['1/1', 'Terminating'],
  },
  {
    name: 'completed and to be removed',
    metadata: { deletionTimestamp: '2026-01-01T00:00:30Z' },
    status: { phase: 'Succeeded', containerStatuses: [ended({ exitCode: 0, reason: 'Completed' })] },
    cells: ['0/1', 'Completed'],
  },
  {
    name: 'on a lost node',
    metadata: { deletionTimestamp: '2026-01-01T00:00:30Z' },
    status: { phase: 'Running', reason: 'NodeLost' },
    cells: ['0/1', 'Unknown'],
  },
  {
    name: 'initializing',
    spec: { initContainers: [init, { ...init, name: 'second' }] },
    status: {
      phase: 'Pending',
      initContainerStatuses: [
        { ...ended({ exitCode: 0 }), name: 'init' },
        { ...running, name: 'second', ready: false },
      ],
      containerStatuses: [waiting('PodInitializing')],
    },
    cells: ['0/1', 'Init:1/2'],
  },
  {
    name: 'failing to initialize',
    spec: { initContainers: [init] },
    status: {
      phase: 'Pending',
      initContainerStatuses: [{ ...waiting('CrashLoopBackOff'), ...restarted, name: 'init' }],
      containerStatuses: [waiting('PodInitializing')],
    },
    cells: ['0/1', 'Init:CrashLoopBackOff', '2 (5m ago)'],
  },
  {
    name: 'failed to initialize',
    spec: { initContainers: [init] },
    status: { phase: 'Failed', initContainerStatuses: [{ ...ended({ exitCode: 2, reason: 'Error' }), name: 'init' }] },
    cells: ['0/1', 'Init:Error'],
  },
  {
    name: 'initialized: restarts before it do not count',
    spec: { initContainers: [init] },
    status: {
      phase: 'Running',
      conditions: [initialized],
      initContainerStatuses: [{ ...ended({ exitCode: 0 }), ...restarted, name: 'init' }],
      containerStatuses: [running],
    },
    cells: ['1/1', 'Running', '0'],
  },
  {
    name: 'with a sidecar',
    spec: { initContainers: [sidecar] },
    status: {
      phase: 'Running',
      conditions: [initialized],
      initContainerStatuses: [{ ...running, ...restarted, name: 'proxy', started: true }],
      containerStatuses: [running],
    },
    cells: ['2/2', 'Running', '2 (5m ago)'],
  },
  {
    name: 'with a crashing sidecar',
    spec: { initContainers: [sidecar] },
    status: {
      phase: 'Running',
      conditions: [initialized],
      initContainerStatuses: [{ ...waiting('CrashLoopBackOff'), name: 'proxy', started: false }],
      containerStatuses: [running],
    },
    cells: ['1/2', 'Init:CrashLoopBackOff'],
  },
]

for (const { name, metadata = {}, spec = {}, status, cells } of cases) {
  test(name, () => {
    const pod = created(kind, { metadata, spec: { containers: [container], ...spec } })
    Object.assign(pod, { status })
    const { Ready, Status, Restarts } = row(kind, pod)
    expect([Ready, Status, Restarts]).toEqual([cells[0], cells[1], cells[2] ?? '0'])
  })
}

test('wide output tells where it runs', () => {
  const pod = created(kind, { spec: { containers: [container], readinessGates: [{ conditionType: 'lb' }] } })
  const wide = ['IP', 'Node', 'Nominated Node', 'Readiness Gates'] as const
  const cells = () => wide.map((name) => row(kind, pod)[name])
  expect(cells()).toEqual(['<none>', '<none>', '<none>', '0/1'])
  pod.spec.nodeName = 'node-1'
  Object.assign(pod, { status: { podIPs: [{ ip: '10.108.1.5' }], conditions: [{ type: 'lb', status: 'True' }] } })
  expect(cells()).toEqual(['10.108.1.5', 'node-1', '<none>', '1/1'])
  expect(kind.columns.filter(({ priority }) => priority === 1).map(({ name }) => name)).toEqual(wide)
})
