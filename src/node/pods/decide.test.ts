import { describe, expect, test } from 'vitest'
import type { Pod } from '../../api/kinds/pod.ts'
import type { Action } from './actions.ts'
import { decide } from './decide.ts'
import { newMemory, type PodMemory } from './memory.ts'
import type { ObservedPod } from './observed.ts'
import { newestFirst } from './observed.ts'
import { exitedRun, secondsBefore, testNow, testPod, testRun, testSandbox, type PodInput } from './test-pods.ts'

interface Case {
  readonly name: string
  /** Null for a pod that has left the API; the things observed are then built from a plain one. */
  readonly pod?: PodInput | null
  readonly sees?: (pod: Pod) => Partial<ObservedPod>
  readonly remembers?: Partial<PodMemory>
  /** `action subject`, in order. */
  readonly does: readonly string[]
  readonly wakesInSeconds?: number
}

const ready = { prepared: true }
const app = { name: 'app', image: 'kubia' }
const failedProbe = (probe: 'startup' | 'liveness', id = 'app-0') => ({
  health: new Map([[id, { started: true, ready: true, failedProbe: probe }]]),
})
const two = { spec: { containers: [{ name: 'app', image: 'kubia' }, { name: 'side', image: 'kubia' }] } }
const sidecar = (name: string) => ({ name, image: 'kubia', restartPolicy: 'Always' })
const withInit = { spec: { initContainers: [{ name: 'first', image: 'kubia' }, { name: 'second', image: 'kubia' }] } }
const withSidecar = {
  spec: {
    initContainers: [
      { name: 'proxy', image: 'kubia', restartPolicy: 'Always' },
      { name: 'first', image: 'kubia' },
    ],
  },
}
const token = { serviceAccountToken: { path: 'token' } }
const withToken = { spec: { volumes: [{ name: 'access', projected: { sources: [token] } }] } }
const deleted = (secondsLeft: number) => ({
  deletionTimestamp: secondsBefore(-secondsLeft).toISOString(),
  deletionGracePeriodSeconds: 30,
})
const policy = (restartPolicy: string, more: NonNullable<PodInput['spec']> = {}) => ({ spec: { restartPolicy, ...more } })
const sandbox = (pod: Pod) => testSandbox(pod)
const deadSandbox = (pod: Pod) => testSandbox(pod, { state: 'notReady', ip: '' })

const starting: readonly Case[] = [
  { name: 'a new pod gets its volumes and a sandbox', does: ['prepare', 'start-sandbox 0'] },
  {
    name: 'containers are started in the sandbox',
    pod: two,
    sees: (pod) => ({ sandboxes: [sandbox(pod)] }),
    remembers: ready,
    does: ['start-container app 0', 'start-container side 0'],
  },
  {
    name: 'a restarted agent makes sure of the volumes before it starts a container',
    sees: (pod) => ({ sandboxes: [sandbox(pod)] }),
    does: ['prepare', 'start-container app 0'],
  },
  {
    name: 'a running pod is left alone, also by an agent that has just started',
    sees: (pod) => ({ sandboxes: [sandbox(pod)], containers: [testRun(pod)] }),
    does: [],
  },
  {
    name: 'a restarted agent renews the tokens of a running pod',
    pod: withToken,
    sees: (pod) => ({ sandboxes: [sandbox(pod)], containers: [testRun(pod)] }),
    does: ['renew-tokens'],
  },
  {
    name: 'tokens are left alone until they are due',
    pod: withToken,
    sees: (pod) => ({ sandboxes: [sandbox(pod)], containers: [testRun(pod)] }),
    remembers: { ...ready, tokensDueAt: secondsBefore(-60) },
    does: [],
    wakesInSeconds: 60,
  },
  {
    name: 'tokens that are due are renewed after containers have been started',
    pod: withToken,
    sees: (pod) => ({ sandboxes: [sandbox(pod)] }),
    remembers: { ...ready, tokensDueAt: secondsBefore(0) },
    does: ['start-container app 0', 'renew-tokens'],
  },
  {
    name: 'a container that was created but not started is started',
    sees: (pod) => ({ sandboxes: [sandbox(pod)], containers: [testRun(pod, { state: 'created' })] }),
    remembers: ready,
    does: ['resume-container app'],
  },
  {
    name: 'a sandbox that could not be made is tried again later',
    remembers: { podFailure: failure('FailedCreatePodSandBox', 4) },
    does: [],
    wakesInSeconds: 4,
  },
  {
    name: 'a container that could not be made is tried again later, the others are not kept waiting',
    pod: two,
    sees: (pod) => ({ sandboxes: [sandbox(pod)] }),
    remembers: { ...ready, containerFailures: new Map([['app', failure('CreateContainerConfigError', 4)]]) },
    does: ['start-container side 0'],
    wakesInSeconds: 4,
  },
  {
    name: 'a back-off from pulling an image is announced',
    sees: (pod) => ({ sandboxes: [sandbox(pod)] }),
    remembers: { ...ready, containerFailures: new Map([['app', failure('ErrImagePull', 7)]]) },
    does: ['announce app ImagePullBackOff'],
    wakesInSeconds: 7,
  },
  {
    name: 'containers that the runtime has forgotten are known from the status',
    pod: { status: { containerStatuses: [containerStatus({ restartCount: 2, containerID: 'containerd://x' })] } },
    sees: (pod) => ({ sandboxes: [sandbox(pod)] }),
    remembers: ready,
    does: ['start-container app 3'],
  },
]

const restarting: readonly Case[] = [
  {
    name: 'the first restart is immediate',
    sees: (pod) => ({ sandboxes: [sandbox(pod)], containers: [exitedRun(pod)] }),
    remembers: ready,
    does: ['start-container app 1 streak 1'],
  },
  {
    name: 'the second waits ten seconds from the end',
    sees: (pod) => ({
      sandboxes: [sandbox(pod)],
      containers: [exitedRun(pod, { attempt: 1, streak: 1, finishedAt: secondsBefore(4) })],
    }),
    remembers: ready,
    does: ['announce app CrashLoopBackOff'],
    wakesInSeconds: 6,
  },
  {
    name: 'no wait is longer than five minutes',
    sees: (pod) => ({
      sandboxes: [sandbox(pod)],
      containers: [exitedRun(pod, { attempt: 9, streak: 9, finishedAt: secondsBefore(10) })],
    }),
    remembers: ready,
    does: ['announce app CrashLoopBackOff'],
    wakesInSeconds: 290,
  },
  {
    name: 'after a run of ten minutes the count begins anew',
    sees: (pod) => ({
      sandboxes: [sandbox(pod)],
      containers: [exitedRun(pod, { attempt: 5, streak: 5, startedAt: secondsBefore(700), finishedAt: secondsBefore(1) })],
    }),
    remembers: ready,
    does: ['start-container app 6 streak 1'],
  },
  {
    name: 'a container whose image was changed is replaced',
    sees: (pod) => ({
      sandboxes: [sandbox(pod)],
      containers: [testRun({ ...pod, spec: { ...pod.spec, containers: [{ name: 'app', image: 'older' }] } })],
    }),
    does: ['stop-container app-0 in 30: Container app definition changed, will be restarted'],
  },
  {
    name: 'a container whose liveness probe failed is replaced',
    sees: (pod) => ({ sandboxes: [sandbox(pod)], containers: [testRun(pod)] }),
    remembers: failedProbe('liveness'),
    does: ['stop-container app-0 in 30: Container app failed liveness probe, will be restarted'],
  },
  {
    name: 'it is only stopped where nothing is restarted',
    pod: policy('Never'),
    sees: (pod) => ({ sandboxes: [sandbox(pod)], containers: [testRun(pod)] }),
    remembers: failedProbe('startup'),
    does: ['stop-container app-0 in 30: Container app failed startup probe'],
  },
  {
    name: 'a probe may give it another time to end',
    pod: { spec: { containers: [{ ...app, livenessProbe: { terminationGracePeriodSeconds: 3 } }] } },
    sees: (pod) => ({ sandboxes: [sandbox(pod)], containers: [testRun(pod)] }),
    remembers: failedProbe('liveness'),
    does: ['stop-container app-0 in 3: Container app failed liveness probe, will be restarted'],
  },
  {
    name: 'that of the other probe does not count',
    pod: { spec: { terminationGracePeriodSeconds: 9, containers: [{ ...app, livenessProbe: { terminationGracePeriodSeconds: 3 } }] } },
    sees: (pod) => ({ sandboxes: [sandbox(pod)], containers: [testRun(pod)] }),
    remembers: failedProbe('startup'),
    does: ['stop-container app-0 in 9: Container app failed startup probe, will be restarted'],
  },
  {
    name: 'a container in an unknown state is stopped first',
    sees: (pod) => ({ sandboxes: [sandbox(pod)], containers: [testRun(pod, { state: 'unknown' })] }),
    does: ['stop-container app-0 in 30: Container is in "unknown" state, try killing it before restart'],
  },
  {
    name: 'a failed container of an OnFailure pod is restarted',
    pod: policy('OnFailure'),
    sees: (pod) => ({ sandboxes: [sandbox(pod)], containers: [exitedRun(pod)] }),
    remembers: ready,
    does: ['start-container app 1 streak 1'],
  },
  {
    name: 'a completed OnFailure pod gives its network back and keeps its remains',
    pod: policy('OnFailure'),
    sees: (pod) => ({ sandboxes: [sandbox(pod)], containers: [exitedRun(pod, { exitCode: 0 })] }),
    does: ['stop-sandbox sandbox-0'],
  },
  {
    name: 'a failed Never pod stays failed, also without its sandbox',
    pod: policy('Never'),
    sees: (pod) => ({ sandboxes: [deadSandbox(pod)], containers: [exitedRun(pod)] }),
    does: [],
  },
  {
    name: 'a pod in its final phase is not run again though nothing of it is left',
    pod: { ...policy('Never'), status: { phase: 'Succeeded' } },
    does: [],
  },
  {
    name: 'the newest run and the one before are kept',
    sees: (pod) => ({
      sandboxes: [sandbox(pod)],
      containers: [testRun(pod, { attempt: 2 }), exitedRun(pod, { attempt: 1 }), exitedRun(pod, { attempt: 0 })],
    }),
    does: ['remove-container app-0'],
  },
  {
    name: 'a pod over its deadline is stopped, which is told once',
    pod: { spec: { activeDeadlineSeconds: 60 }, status: { startTime: secondsBefore(61).toISOString() } },
    sees: (pod) => ({ sandboxes: [sandbox(pod)], containers: [testRun(pod)] }),
    does: ['announce  DeadlineExceeded', 'stop-container app-0 in 30'],
  },
  {
    name: 'a restarted agent goes on with that, and tells nothing of one that has failed',
    pod: { spec: { activeDeadlineSeconds: 60 }, status: { startTime: secondsBefore(61).toISOString(), phase: 'Failed' } },
    sees: (pod) => ({ sandboxes: [sandbox(pod)], containers: [exitedRun(pod)] }),
    does: ['stop-sandbox sandbox-0'],
  },
]

const sandboxes: readonly Case[] = [
  {
    name: 'a dead sandbox is replaced',
    sees: (pod) => ({ sandboxes: [deadSandbox(pod)], containers: [exitedRun(pod, { exitCode: 137 })] }),
    remembers: ready,
    does: ['stop-sandbox sandbox-0', 'start-sandbox 1'],
  },
  {
    name: 'its containers start again without a back-off, counted on',
    sees: (pod) => ({
      sandboxes: [testSandbox(pod, { attempt: 1 }), deadSandbox(pod)],
      containers: [exitedRun(pod, { attempt: 3, streak: 3 })],
    }),
    remembers: ready,
    does: ['start-container app 4 streak 4'],
  },
  {
    name: 'a container of unknown end in a dead sandbox is started again',
    pod: policy('OnFailure'),
    sees: (pod) => ({
      sandboxes: [testSandbox(pod, { attempt: 1 }), deadSandbox(pod)],
      containers: [testRun(pod, { state: 'unknown' })],
    }),
    remembers: ready,
    does: ['start-container app 1 streak 1'],
  },
  {
    name: 'of two living sandboxes the older is stopped',
    sees: (pod) => ({
      sandboxes: [testSandbox(pod, { attempt: 1 }), sandbox(pod)],
      containers: [testRun(pod, { sandbox: 1 })],
    }),
    does: ['stop-sandbox sandbox-0'],
  },
  {
    name: 'an old sandbox goes with its last container',
    sees: (pod) => ({
      sandboxes: [testSandbox(pod, { attempt: 1 }), deadSandbox(pod)],
      containers: [testRun(pod, { attempt: 1, sandbox: 1 })],
    }),
    does: ['remove-sandbox sandbox-0'],
  },
]

const init: readonly Case[] = [
  {
    name: 'the first init container starts alone',
    pod: withInit,
    sees: (pod) => ({ sandboxes: [sandbox(pod)] }),
    remembers: ready,
    does: ['start-container first 0'],
  },
  {
    name: 'the second follows the first one’s success',
    pod: withInit,
    sees: (pod) => ({ sandboxes: [sandbox(pod)], containers: [exitedRun(pod, { name: 'first', exitCode: 0 })] }),
    remembers: ready,
    does: ['start-container second 0'],
  },
  {
    name: 'main containers follow the last one’s success',
    pod: withInit,
    sees: (pod) => ({
      sandboxes: [sandbox(pod)],
      containers: [exitedRun(pod, { name: 'first', exitCode: 0 }), exitedRun(pod, { name: 'second', exitCode: 0 })],
    }),
    remembers: ready,
    does: ['start-container app 0'],
  },
  {
    name: 'a failed init container is tried again',
    pod: withInit,
    sees: (pod) => ({ sandboxes: [sandbox(pod)], containers: [exitedRun(pod, { name: 'first' })] }),
    remembers: ready,
    does: ['start-container first 1 streak 1'],
  },
  {
    name: 'a failed init container of a Never pod ends the pod',
    pod: policy('Never', withInit.spec),
    sees: (pod) => ({ sandboxes: [sandbox(pod)], containers: [exitedRun(pod, { name: 'first' })] }),
    does: ['stop-sandbox sandbox-0'],
  },
  {
    name: '… and it stays ended when its sandbox is gone',
    pod: policy('Never', withInit.spec),
    sees: (pod) => ({ sandboxes: [deadSandbox(pod)], containers: [exitedRun(pod, { name: 'first' })] }),
    does: [],
  },
  {
    name: 'in a new sandbox init containers run again',
    pod: withInit,
    sees: (pod) => ({
      sandboxes: [testSandbox(pod, { attempt: 1 }), deadSandbox(pod)],
      containers: [exitedRun(pod), exitedRun(pod, { name: 'first', exitCode: 0 })],
    }),
    remembers: ready,
    does: ['start-container first 1 streak 1'],
  },
  {
    name: 'a sidecar only has to run for the next one to start',
    pod: withSidecar,
    sees: (pod) => ({ sandboxes: [sandbox(pod)], containers: [testRun(pod, { name: 'proxy' })] }),
    remembers: ready,
    does: ['start-container first 0'],
  },
  {
    name: 'a sidecar that ended is restarted while the pod runs',
    pod: withSidecar,
    sees: (pod) => ({
      sandboxes: [sandbox(pod)],
      containers: [testRun(pod), exitedRun(pod, { name: 'proxy', exitCode: 0 })],
    }),
    remembers: ready,
    does: ['start-container proxy 1 streak 1'],
  },
  {
    name: 'a sidecar that has failed its probe is stopped, and the others are left alone',
    pod: withSidecar,
    sees: (pod) => ({ sandboxes: [sandbox(pod)], containers: [testRun(pod), testRun(pod, { name: 'proxy' })] }),
    remembers: { ...ready, ...failedProbe('liveness', 'proxy-0') },
    does: ['stop-container proxy-0 in 30: Init container proxy failed liveness probe'],
  },
  {
    name: 'a sidecar must have started for the next one to start',
    pod: withSidecar,
    sees: (pod) => ({ sandboxes: [sandbox(pod)], containers: [testRun(pod, { name: 'proxy' })] }),
    remembers: { ...ready, health: new Map([['proxy-0', { started: false, ready: false }]]) },
    does: [],
  },
  {
    name: 'a sidecar is stopped when the work is done',
    pod: policy('Never', withSidecar.spec),
    sees: (pod) => ({
      sandboxes: [sandbox(pod)],
      containers: [exitedRun(pod, { exitCode: 0 }), testRun(pod, { name: 'proxy' })],
    }),
    does: ['stop-container proxy-0 in 30'],
  },
]

const ending: readonly Case[] = [
  {
    name: 'a deleted pod’s containers get what is left of the grace period',
    pod: { metadata: deleted(12) },
    sees: (pod) => ({ sandboxes: [sandbox(pod)], containers: [testRun(pod)] }),
    does: ['stop-container app-0 in 12'],
  },
  {
    name: 'a deleted pod serves on while it may be sent something new',
    pod: { metadata: deleted(12) },
    sees: (pod) => ({ sandboxes: [sandbox(pod)], containers: [testRun(pod)] }),
    remembers: { servesUntil: secondsBefore(-2) },
    does: [],
    wakesInSeconds: 2,
  },
  {
    name: 'it does so until it is asked again, even if that is late',
    pod: { metadata: deleted(12) },
    sees: (pod) => ({ sandboxes: [sandbox(pod)], containers: [testRun(pod)] }),
    remembers: { servesUntil: secondsBefore(1) },
    does: [],
    wakesInSeconds: -1,
  },
  {
    name: 'a deleted pod of which nothing runs has nothing to serve with',
    pod: { metadata: deleted(12) },
    sees: (pod) => ({ sandboxes: [sandbox(pod)], containers: [exitedRun(pod)] }),
    remembers: { servesUntil: secondsBefore(-2) },
    does: ['stop-sandbox sandbox-0'],
  },
  {
    name: 'a stop under way is not begun again',
    pod: { metadata: deleted(12) },
    sees: (pod) => ({ sandboxes: [sandbox(pod)], containers: [testRun(pod)] }),
    remembers: { stopping: new Map([['app-0', secondsBefore(-12)]]) },
    does: [],
  },
  {
    name: 'less grace than before is heeded',
    pod: { metadata: { ...deleted(0), deletionGracePeriodSeconds: 0 } },
    sees: (pod) => ({ sandboxes: [sandbox(pod)], containers: [testRun(pod)] }),
    remembers: { stopping: new Map([['app-0', secondsBefore(-25)]]) },
    does: ['stop-container app-0 in 2'],
  },
  {
    name: 'sidecars end after the main containers',
    pod: { metadata: deleted(30), ...withSidecar },
    sees: (pod) => ({ sandboxes: [sandbox(pod)], containers: [testRun(pod), testRun(pod, { name: 'proxy' })] }),
    does: ['stop-container app-0 in 30'],
  },
  {
    name: 'the last sidecar ends first',
    pod: { metadata: deleted(12), spec: { initContainers: [sidecar('one'), sidecar('two')] } },
    sees: (pod) => ({
      sandboxes: [sandbox(pod)],
      containers: [exitedRun(pod), testRun(pod, { name: 'one' }), testRun(pod, { name: 'two' })],
    }),
    does: ['stop-container two-0 in 12'],
  },
  {
    name: 'then the one before',
    pod: { metadata: deleted(5), spec: { initContainers: [sidecar('one'), sidecar('two')] } },
    sees: (pod) => ({
      sandboxes: [sandbox(pod)],
      containers: [exitedRun(pod), testRun(pod, { name: 'one' }), exitedRun(pod, { name: 'two' })],
    }),
    does: ['stop-container one-0 in 5'],
  },
  {
    name: 'when the grace period is over all that are left end at once',
    pod: { metadata: deleted(-1), spec: { initContainers: [sidecar('one'), sidecar('two')] } },
    sees: (pod) => ({
      sandboxes: [sandbox(pod)],
      containers: [exitedRun(pod), testRun(pod, { name: 'one' }), testRun(pod, { name: 'two' })],
    }),
    does: ['stop-container one-0 in 2', 'stop-container two-0 in 2'],
  },
  {
    name: 'the sandbox is stopped when all containers have ended',
    pod: { metadata: deleted(12) },
    sees: (pod) => ({ sandboxes: [sandbox(pod)], containers: [exitedRun(pod)] }),
    does: ['stop-sandbox sandbox-0'],
  },
  {
    name: 'then the status is written, everything removed, and last the object',
    pod: { metadata: deleted(12) },
    sees: (pod) => ({ sandboxes: [deadSandbox(pod)], containers: [exitedRun(pod)] }),
    does: ['write-status', 'remove-container app-0', 'remove-sandbox sandbox-0', 'clean-up', 'delete-object'],
  },
  {
    name: 'a deleted pod that never began is deleted at once',
    pod: { metadata: deleted(12) },
    does: ['clean-up', 'delete-object'],
  },
  {
    name: 'an object that was deleted is not deleted again',
    pod: { metadata: deleted(12) },
    remembers: { objectDeleted: true },
    does: [],
  },
  {
    name: 'a pod that left the API is ended quickly',
    pod: null,
    sees: (pod) => ({ sandboxes: [sandbox(pod)], containers: [testRun(pod)] }),
    does: ['stop-container app-0 in 2'],
  },
  {
    name: 'its remains are removed and it is forgotten',
    pod: null,
    sees: (pod) => ({ sandboxes: [deadSandbox(pod)] }),
    does: ['remove-sandbox sandbox-0', 'clean-up', 'forget'],
  },
]

for (const { topic, cases } of [
  { topic: 'starting', cases: starting },
  { topic: 'restarting', cases: restarting },
  { topic: 'sandboxes', cases: sandboxes },
  { topic: 'init containers', cases: init },
  { topic: 'ending', cases: ending },
]) {
  describe(topic, () => {
    for (const { name, pod: input, sees, remembers, does, wakesInSeconds } of cases) {
      test(name, () => {
        const pod = testPod(input ?? {})
        const seen = { sandboxes: [], containers: [], ...sees?.(pod) }
        const observed = {
          sandboxes: [...seen.sandboxes].sort(newestFirst),
          containers: [...seen.containers].sort(newestFirst),
        }
        const memory = { ...newMemory(), ...remembers }
        const decision = decide({ pod: input === null ? undefined : pod, observed, memory, now: testNow })
        expect(decision.actions.map(describeAction)).toEqual(does)
        expect(secondsUntil(decision.wakeAt)).toBe(wakesInSeconds)
      })
    }
  })
}

function describeAction(action: Action): string {
  switch (action.do) {
    case 'start-sandbox':
      return `start-sandbox ${action.attempt}`
    case 'start-container':
      return `start-container ${action.name} ${action.attempt}${action.streak === 0 ? '' : ` streak ${action.streak}`}`
    case 'resume-container':
      return `resume-container ${action.name}`
    case 'stop-container':
      return `stop-container ${action.id} in ${secondsUntil(action.deadline)}${saying(action.message)}`
    case 'announce':
      return `announce ${action.name} ${action.reason}`
    case 'stop-sandbox':
    case 'remove-container':
    case 'remove-sandbox':
      return `${action.do} ${action.id}`
    default:
      return action.do
  }
}

/** The message of a stop, unless it is the usual one. */
function saying(message: string): string {
  return message.startsWith('Stopping container ') ? '' : `: ${message}`
}

function secondsUntil(time: Date | undefined): number | undefined {
  return time === undefined ? undefined : (time.getTime() - testNow.getTime()) / 1000
}

function failure(reason: string, retryInSeconds: number) {
  return { reason, message: 'no', at: secondsBefore(3), retryAt: secondsBefore(-retryInSeconds), count: 1 }
}

function containerStatus(overrides: { restartCount: number; containerID: string }) {
  return { name: 'app', image: 'kubia', imageID: '', ready: false, ...overrides }
}
