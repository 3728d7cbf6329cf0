import { readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { ConfigMaps } from '../../api/kinds/config-map.ts'
import { Pods, type Pod } from '../../api/kinds/pod.ts'
import { ServiceAccounts } from '../../api/kinds/service-account.ts'
import { Services } from '../../api/kinds/service.ts'
import { atRest } from '../../base/at-rest.ts'
import type { FakeRuntime } from '../cri/fake-runtime.ts'
import { RuntimeError } from '../cri/runtime.ts'
import { markDeleted, testNode } from './test-node.ts'
import { testPod } from './test-pods.ts'

const isReady = (pod: Pod | undefined) =>
  pod?.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') === true
const first = (pod: Pod | undefined) => pod?.status?.containerStatuses?.[0]

async function runningIds(runtime: FakeRuntime): Promise<string[]> {
  return (await runtime.listContainers()).filter(({ state }) => state === 'running').map(({ id }) => id)
}

test('a pod comes up: sandbox, container, status', async () => {
  await using node = await testNode()
  node.client.seed(Pods, testPod())
  node.startAgent()
  await node.until(isReady)
  const { status } = node.pod() ?? {}
  expect(status).toMatchObject({
    phase: 'Running',
    hostIP: '192.168.99.11',
    podIP: expect.stringMatching(/^10\.108\.1\./),
    startTime: '2026-01-01T00:00:00Z',
    containerStatuses: [
      {
        name: 'app',
        ready: true,
        started: true,
        restartCount: 0,
        image: 'kubia',
        imageID: 'sha256:kubia',
        containerID: expect.stringMatching(/^containerd:\/\/container-/),
        state: { running: { startedAt: '2026-01-01T00:00:00Z' } },
      },
    ],
  })
  expect(status?.conditions?.map((condition) => `${condition.type} ${condition.status}`)).toEqual([
    'PodReadyToStartContainers True',
    'Initialized True',
    'Ready True',
    'ContainersReady True',
    'PodScheduled True',
  ])
  expect(node.events).toEqual([
    'Normal Pulled Container image "kubia" already present on machine',
    'Normal Created Created container: app',
    'Normal Started Started container app',
  ])
})

test('what a container is given: variables, DNS, hosts file, log path', async () => {
  await using node = await testNode()
  node.client.seed(Services, {
    metadata: { namespace: 'default', name: 'kubia' },
    spec: { clusterIP: '10.96.4.2', ports: [{ name: 'http', port: 80, protocol: 'TCP' }] },
  })
  node.client.seed(Pods, testPod({ spec: { containers: [{ name: 'app', image: 'kubia', args: ['$(KUBIA_SERVICE_HOST)'] }] } }))
  node.startAgent()
  await node.until(isReady)
  const [config] = node.runtime.containerConfigs.values()
  const [sandbox] = node.runtime.sandboxConfigs.values()
  expect(config?.envs).toContainEqual({ key: 'KUBIA_PORT_80_TCP', value: 'tcp://10.96.4.2:80' })
  expect(config?.args).toEqual(['10.96.4.2'])
  expect(config?.logPath).toBe('app/0.log')
  expect(sandbox).toMatchObject({
    hostname: 'web',
    logDirectory: join(node.directory, 'pods/default_web_uid-1'),
    dns: {
      servers: ['10.96.0.10'],
      searches: ['default.svc.cluster.local', 'svc.cluster.local', 'cluster.local'],
      options: ['ndots:5'],
    },
    cgroupParent: '/test/besteffort/poduid-1',
  })
  const hosts = config?.mounts.find(({ containerPath }) => containerPath === '/etc/hosts')
  expect(await readFile(hosts?.hostPath ?? '', 'utf8')).toContain(`${node.pod()?.status?.podIP}\tweb\n`)
})

describe('an agent that dies at any moment', () => {
  for (const when of ['before', 'after'] as const) {
    test(`${when} the call takes effect: its successor brings the pod up, once`, async () => {
      for (let fatalCall = 1; ; fatalCall += 1) {
        await using node = await testNode()
        node.client.seed(Pods, testPod())
        const dying = node.dyingRuntime(fatalCall, when)
        const agent = node.startAgent(dying.runtime)
        await node.until((pod) => dying.isDead || isReady(pod))
        agent.kill()
        const survived = !dying.isDead
        node.startAgent()
        await node.until(isReady)
        expect(await runningIds(node.runtime)).toHaveLength(1)
        expect(await node.runtime.listPodSandboxes()).toHaveLength(1)
        expect(first(node.pod())?.restartCount).toBe(0)
        if (survived) return
      }
    })

    test(`${when} the call takes effect: its successor ends a deleted pod, and leaves nothing`, async () => {
      for (let fatalCall = 1; ; fatalCall += 1) {
        await using node = await testNode()
        node.client.seed(Pods, testPod())
        const starter = node.startAgent()
        await node.until(isReady)
        starter.kill()
        await starter.ended
        markDeleted(node.client, testPod(), node.clock.now(), 30)
        const dying = node.dyingRuntime(fatalCall, when)
        const agent = node.startAgent(dying.runtime)
        await node.until((pod) => dying.isDead || pod === undefined)
        agent.kill()
        const survived = !dying.isDead
        node.startAgent()
        await node.until((pod) => pod === undefined)
        expect(await node.runtime.listContainers()).toEqual([])
        expect(await node.runtime.listPodSandboxes()).toEqual([])
        expect(await readdir(join(node.directory, 'pod-data'))).toEqual([])
        if (survived) return
      }
    })
  }
})

test('a restarted agent leaves a running pod alone', async () => {
  await using node = await testNode()
  node.client.seed(Pods, testPod())
  const agent = node.startAgent()
  await node.until(isReady)
  agent.kill()
  await agent.ended
  const writes = node.client.writes.length
  const changes = () => node.runtime.calls.filter((call) => !/^(list|podSandboxStatus|containerStatus)/.test(call))
  const before = changes()
  node.startAgent()
  // A second pod shows that the new agent is at work.
  node.client.seed(Pods, testPod({ metadata: { name: 'other', uid: 'uid-2' } }))
  await node.until(() => isReady(node.pod('default/other')))
  const touched = node.client.writes.slice(writes).filter(({ key }) => key === 'default/web')
  expect(touched).toEqual([])
  expect(changes().filter((call) => /^(stop|remove)/.test(call))).toEqual(before.filter((call) => /^(stop|remove)/.test(call)))
  expect(await runningIds(node.runtime)).toHaveLength(2)
})

describe('left-over pods', () => {
  test('that left the API while there was no agent are torn down', async () => {
    await using node = await testNode()
    node.client.seed(Pods, testPod())
    const agent = node.startAgent()
    await node.until(isReady)
    agent.kill()
    await agent.ended
    node.client.unseed(Pods, { namespace: 'default', name: 'web' })
    node.client.seed(Pods, testPod({ metadata: { uid: 'uid-2' } }))
    node.startAgent()
    await node.until(isReady)
    await node.until(() => node.runtime.calls.some((call) => call.startsWith('removePodSandbox')))
    await expect.poll(async () => (await node.runtime.listPodSandboxes()).map(({ metadata }) => metadata.uid)).toEqual(['uid-2'])
    await expect.poll(() => readdir(join(node.directory, 'pods'))).toEqual(['default_web_uid-2'])
  })
})

describe('termination', () => {
  test('SIGTERM with the grace period, last status, then the object goes', async () => {
    await using node = await testNode({ kubia: { termExitCode: 0 } })
    node.client.seed(Pods, testPod())
    node.startAgent()
    await node.until(isReady)
    const statuses: (string | undefined)[] = []
    const stop = new AbortController()
    void follow(node.client.watch(Pods, { resourceVersion: node.pod()?.metadata.resourceVersion ?? '', signal: stop.signal }), (pod) =>
      statuses.push(pod.status?.phase),
    )
    markDeleted(node.client, testPod(), node.clock.now(), 30)
    await node.until((pod) => pod === undefined)
    stop.abort()
    expect(statuses).toContain('Succeeded')
    const calls = node.runtime.calls.filter((call) => /^(stop|remove)/.test(call)).map((call) => call.split(' ')[0])
    expect(calls).toEqual(['stopContainer', 'stopPodSandbox', 'removeContainer', 'removePodSandbox'])
    expect(node.events).toContain('Normal Killing Stopping container app')
  })

  test('a forced deletion ends the pod though its object is gone', async () => {
    await using node = await testNode()
    node.client.seed(Pods, testPod())
    node.startAgent()
    await node.until(isReady)
    node.client.unseed(Pods, { namespace: 'default', name: 'web' })
    await expect.poll(() => node.runtime.listPodSandboxes()).toEqual([])
    await expect.poll(() => readdir(join(node.directory, 'pods'))).toEqual([])
  })

  test('a deletion ends a pull that hangs', async () => {
    await using node = await testNode()
    node.client.seed(Pods, testPod({ spec: { containers: [{ name: 'app', image: 'far/away' }] } }))
    const runtime = new Proxy(node.runtime, {
      get: (target, property) =>
        property === 'pullImage'
          ? (_image: string, signal: AbortSignal) =>
              new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
          : bound(target, property),
    })
    node.startAgent(runtime)
    await expect.poll(() => node.events).toContain('Normal Pulling Pulling image "far/away"')
    markDeleted(node.client, testPod(), node.clock.now(), 30)
    await node.until((pod) => pod === undefined)
    expect(await node.runtime.listPodSandboxes()).toEqual([])
  })
})

describe('a deleted pod that its Services still send to', () => {
  const stops = (runtime: FakeRuntime) => runtime.calls.filter((call) => call.startsWith('stopContainer'))

  async function deletedPod(graceSeconds: number, annotations: Record<string, string> = {}) {
    const node = await testNode()
    node.client.seed(Pods, testPod({ metadata: { annotations } }))
    node.startAgent()
    await node.until(isReady)
    node.withdrawal.waitFor('node node-2')
    markDeleted(node.client, testPod(), node.clock.now(), graceSeconds)
    await atRest()
    return node
  }

  test('is stopped once they do not, and what was under way has arrived', async () => {
    await using node = await deletedPod(30)
    expect(stops(node.runtime)).toEqual([])
    node.withdrawal.waitFor()
    node.clock.advance(49)
    await atRest()
    expect(stops(node.runtime)).toEqual([])
    await node.passTimeUntil((pod) => pod === undefined)
    expect(stops(node.runtime)).toHaveLength(1)
    expect(node.events.filter((event) => /NotWithdrawn|NotAccepted/.test(event))).toEqual([])
  })

  test('is not stopped while connections arrive that were under way', async () => {
    await using node = await deletedPod(30)
    node.withdrawal.waitFor()
    await atRest()
    node.backlog.connections = 2
    node.clock.advance(50)
    await atRest()
    node.backlog.connections = 0
    node.clock.advance(20)
    await atRest()
    node.clock.advance(49)
    await atRest()
    expect(stops(node.runtime)).toEqual([])
    await node.passTimeUntil((pod) => pod === undefined)
    expect(stops(node.runtime)).toHaveLength(1)
  })

  for (const [graceSeconds, waitedMs] of [[30, 2_000], [1, 500]] as const) {
    test(`is stopped after ${waitedMs} ms all the same, of ${graceSeconds} s of grace, and an Event says why`, async () => {
      await using node = await deletedPod(graceSeconds)
      node.clock.advance(waitedMs - 1)
      await atRest()
      expect(stops(node.runtime)).toEqual([])
      node.clock.advance(1)
      await node.until((pod) => pod === undefined)
      expect(node.events).toContain(
        'Warning NotWithdrawn Stopping the pod although new connections may still be sent to it by: node node-2',
      )
    })
  }

  for (const hours of [1, -1]) {
    test(`is stopped in time although the machine's clock is set by ${hours} h`, async () => {
      await using node = await deletedPod(30)
      node.clock.advance(1_000)
      node.clock.setOn(hours * 3_600_000)
      node.withdrawal.waitFor('node node-2')
      await atRest()
      node.clock.advance(999)
      await atRest()
      expect(stops(node.runtime)).toEqual([])
      node.clock.advance(1)
      await atRest()
      expect(stops(node.runtime)).toHaveLength(1)
    })
  }

  test('accepts what they had sent before it is stopped', async () => {
    await using node = await deletedPod(30)
    node.backlog.connections = 2
    node.withdrawal.waitFor()
    node.clock.advance(100)
    await atRest()
    expect(stops(node.runtime)).toEqual([])
    node.backlog.connections = 0
    await node.passTimeUntil((pod) => pod === undefined)
    expect(stops(node.runtime)).toHaveLength(1)
  })

  test('waits for what was under way again if its Services have sent to it again', async () => {
    await using node = await deletedPod(30)
    node.withdrawal.waitFor()
    await atRest()
    node.withdrawal.waitFor('EndpointSlice default/web')
    node.clock.advance(60)
    await atRest()
    node.withdrawal.waitFor()
    node.clock.advance(49)
    await atRest()
    expect(stops(node.runtime)).toEqual([])
    await node.passTimeUntil((pod) => pod === undefined)
    expect(stops(node.runtime)).toHaveLength(1)
  })

  test('is not stopped because a busy machine takes long to look', async () => {
    await using node = await deletedPod(30)
    Object.assign(node.backlog, { connections: 2, lookTakesMs: 60 })
    node.withdrawal.waitFor()
    await atRest()
    node.clock.advance(100)
    await atRest()
    expect(stops(node.runtime)).toEqual([])
    node.backlog.connections = 0
    await node.passTimeUntil((pod) => pod === undefined)
    expect(stops(node.runtime)).toHaveLength(1)
    expect(node.events.filter((event) => /NotWithdrawn|NotAccepted/.test(event))).toEqual([])
  })

  test('is stopped all the same if it accepts nothing, and an Event says so', async () => {
    await using node = await deletedPod(30)
    node.backlog.connections = 2
    node.withdrawal.waitFor()
    await node.passTimeUntil((pod) => pod === undefined)
    expect(stops(node.runtime)).toHaveLength(1)
    expect(node.events).toContain('Warning NotAccepted Stopping the pod although it has not accepted 2 of its connections')
  })

  test('is stopped at once if it asks for that', async () => {
    await using node = await deletedPod(30, { 'portolan.dev/withdraw-first': 'false' })
    await node.until((pod) => pod === undefined)
    expect(stops(node.runtime)).toHaveLength(1)
  })
})

describe('hooks', () => {
  const withHook = (lifecycle: object, more: object = {}) =>
    testPod({ spec: { containers: [{ name: 'app', image: 'kubia', lifecycle }], ...more } })
  const exec = { command: ['hook'] }

  test('a container whose postStart hook fails is stopped and tried again; only its status says why', async () => {
    let exitCode = 1
    await using node = await testNode({ kubia: { exec: () => ({ stdout: '', stderr: 'secret', exitCode }) } })
    node.client.seed(Pods, withHook({ postStart: { exec } }))
    node.startAgent()
    await node.until((pod) => first(pod)?.state?.waiting?.reason === 'PostStartHookError')
    expect(first(node.pod())?.state?.waiting?.message).toBe(
      `Exec lifecycle hook ([hook]) for Container "app" in Pod "web_default(uid-1)" failed - error: command 'hook' exited with 1: secret, message: "secret"`,
    )
    expect(node.events.slice(2)).toEqual([
      'Normal Started Started container app',
      'Warning FailedPostStartHook PostStartHook failed',
      'Normal Killing FailedPostStartHook',
    ])
    exitCode = 0
    await node.passTimeUntil(isReady)
    expect(first(node.pod())).toMatchObject({ restartCount: 1, lastState: { terminated: { exitCode: 143 } } })
  })

  test('a pod that is deleted does not wait for its postStart hook', async () => {
    await using node = await testNode({ kubia: { exec: () => new Promise(() => {}) } })
    node.client.seed(Pods, withHook({ postStart: { exec } }))
    node.startAgent()
    await node.until(() => node.runtime.calls.some((call) => call.startsWith('execSync')))
    markDeleted(node.client, withHook({ postStart: { exec } }), node.clock.now(), 30)
    await node.until((pod) => pod === undefined)
    expect(node.events).not.toContain('Warning FailedPostStartHook PostStartHook failed')
  })

  test('a preStop hook that fails is told of, and the container stopped', async () => {
    await using node = await testNode({ kubia: { exec: () => ({ stdout: '', stderr: '', exitCode: 1 }) } })
    node.client.seed(Pods, withHook({ preStop: { exec } }))
    node.startAgent()
    await node.until(isReady)
    markDeleted(node.client, withHook({ preStop: { exec } }), node.clock.now(), 30)
    await node.until((pod) => pod === undefined)
    expect(node.events.slice(-2)).toEqual(['Normal Killing Stopping container app', 'Warning FailedPreStopHook PreStopHook failed'])
  })

  test('a container has two seconds after its preStop hook, even one that takes all the grace', async () => {
    await using node = await testNode()
    const stops: number[] = []
    const runtime = new Proxy(node.runtime, {
      get: (target, property) =>
        property !== 'stopContainer'
          ? bound(target, property)
          : (id: string, seconds: number) => {
              stops.push(seconds)
              return target.stopContainer(id, seconds)
            },
    })
    node.client.seed(Pods, withHook({ preStop: { sleep: { seconds: 60 } } }))
    node.startAgent(runtime)
    await node.until(isReady)
    markDeleted(node.client, testPod(), node.clock.now(), 10)
    await node.passTimeUntil((pod) => pod === undefined)
    expect(stops).toEqual([2])
  })
})

describe('restarts', () => {
  test('a crash loop waits longer each time and shows why', async () => {
    await using node = await testNode({ kubia: { exitsWith: 3 } })
    node.client.seed(Pods, testPod())
    node.startAgent()
    await node.until((pod) => first(pod)?.state?.waiting?.reason === 'CrashLoopBackOff')
    expect(first(node.pod())).toMatchObject({
      restartCount: 1,
      ready: false,
      state: { waiting: { message: 'back-off 10s restarting failed container=app pod=web_default(uid-1)' } },
      lastState: { terminated: { exitCode: 3, reason: 'Error' } },
    })
    const begun = node.clock.now().getTime()
    await node.passTimeUntil((pod) => first(pod)?.restartCount === 3)
    expect((node.clock.now().getTime() - begun) / 1000).toBeGreaterThanOrEqual(30)
    expect(node.events).toContain('Warning BackOff Back-off restarting failed container app in pod web_default(uid-1)')
    expect((await node.runtime.listContainers()).length).toBeLessThanOrEqual(3)
  })

  test('an agent that restarts in a crash loop keeps the back-off and the count', async () => {
    await using node = await testNode({ kubia: { exitsWith: 3 } })
    node.client.seed(Pods, testPod())
    const agent = node.startAgent()
    await node.passTimeUntil((pod) => first(pod)?.restartCount === 3)
    agent.kill()
    await agent.ended
    node.startAgent()
    await node.until((pod) => first(pod)?.state?.waiting?.message?.startsWith('back-off 40s') === true)
    expect(first(node.pod())?.restartCount).toBe(3)
  })

  test('a dead sandbox is replaced and its containers counted on', async () => {
    await using node = await testNode()
    node.client.seed(Pods, testPod())
    node.startAgent()
    await node.until(isReady)
    const [sandbox] = await node.runtime.listPodSandboxes()
    node.runtime.killSandbox(sandbox?.id ?? '')
    await node.until((pod) => first(pod)?.restartCount === 1 && isReady(pod))
    expect(first(node.pod())?.lastState?.terminated?.exitCode).toBe(137)
    expect(node.events).toContain('Normal SandboxChanged Pod sandbox changed, it will be killed and re-created.')
  })

  test('a pod that completes keeps its end', async () => {
    await using node = await testNode({ kubia: { exitsWith: 0 } })
    node.client.seed(Pods, testPod({ spec: { restartPolicy: 'OnFailure' } }))
    node.startAgent()
    await node.until((pod) => pod?.status?.phase === 'Succeeded')
    await expect.poll(() => node.runtime.calls.some((call) => call.startsWith('stopPodSandbox'))).toBe(true)
    expect(first(node.pod())?.state?.terminated).toMatchObject({ exitCode: 0, reason: 'Completed' })
  })
})

describe('what keeps a pod from starting', () => {
  test('an image that is not there backs off and says so', async () => {
    await using node = await testNode()
    node.client.seed(Pods, testPod({ spec: { containers: [{ name: 'app', image: 'nowhere' }] } }))
    node.startAgent()
    await node.until((pod) => first(pod)?.state?.waiting?.reason === 'ErrImagePull')
    await node.passTimeUntil((pod) => first(pod)?.state?.waiting?.reason === 'ImagePullBackOff')
    expect(node.pod()?.status?.phase).toBe('Pending')
    expect(node.events.slice(0, 3)).toEqual([
      'Normal Pulling Pulling image "nowhere"',
      'Warning Failed Failed to pull image "nowhere": failed to pull and unpack image "nowhere": nowhere: not found',
      'Warning Failed Error: ErrImagePull',
    ])
    expect(node.events).toContain('Normal BackOff Back-off pulling image "nowhere"')
  })

  test('a ConfigMap that comes later', async () => {
    await using node = await testNode()
    const env = [{ name: 'MODE', valueFrom: { configMapKeyRef: { name: 'settings', key: 'mode' } } }]
    node.client.seed(Pods, testPod({ spec: { containers: [{ name: 'app', image: 'kubia', env }] } }))
    node.startAgent()
    await node.until((pod) => first(pod)?.state?.waiting?.reason === 'CreateContainerConfigError')
    expect(first(node.pod())?.state?.waiting?.message).toBe('configmap "settings" not found')
    node.client.seed(ConfigMaps, { metadata: { namespace: 'default', name: 'settings' }, data: { mode: 'fast' } })
    await node.passTimeUntil(isReady)
    expect([...node.runtime.containerConfigs.values()][0]?.envs).toContainEqual({ key: 'MODE', value: 'fast' })
  })

  test('a volume of a type that is not supported', async () => {
    await using node = await testNode()
    const volumes = [{ name: 'data', persistentVolumeClaim: { claimName: 'data' } }]
    node.client.seed(Pods, testPod({ spec: { volumes } }))
    node.startAgent()
    await node.until((pod) => first(pod)?.state?.waiting?.reason === 'ContainerCreating')
    await expect.poll(() => node.events[0]).toBe(
      'Warning FailedMount MountVolume.SetUp failed for volume "data" : volumes of type persistentVolumeClaim are not ' +
        'supported; use one of emptyDir, hostPath, configMap, secret, downwardAPI and projected',
    )
    expect(await node.runtime.listPodSandboxes()).toEqual([])
  })

  test('a sandbox that cannot be made is tried again', async () => {
    await using node = await testNode()
    node.runtime.failNext('runPodSandbox', new RuntimeError('UNKNOWN', 'plugin type="ptp" failed'))
    node.client.seed(Pods, testPod())
    node.startAgent()
    await node.passTimeUntil(isReady)
    expect(node.events[0]).toBe(
      'Warning FailedCreatePodSandBox Failed to create pod sandbox: rpc error: code = Unknown desc = plugin type="ptp" failed',
    )
  })
})

describe('readiness', () => {
  test('an exec probe decides, both ways, and restarts nothing', async () => {
    let touched = false
    await using node = await testNode({
      kubia: { exec: () => ({ stdout: '', stderr: 'no such file', exitCode: touched ? 0 : 1 }) },
    })
    const readinessProbe = { exec: { command: ['ls', '/var/ready'] }, periodSeconds: 10 }
    node.client.seed(Pods, testPod({ spec: { containers: [{ name: 'app', image: 'kubia', readinessProbe }] } }))
    node.startAgent()
    await node.until((pod) => pod?.status?.phase === 'Running')
    expect(first(node.pod())).toMatchObject({ ready: false, started: true })
    await node.passTimeUntil(() => node.events.includes('Warning Unhealthy Readiness probe failed: no such file'))
    touched = true
    await node.passTimeUntil(isReady)
    touched = false
    await node.passTimeUntil((pod) => !isReady(pod))
    expect(first(node.pod())?.restartCount).toBe(0)
  })

  test('a restarted agent believes what was known until a probe says otherwise', async () => {
    await using node = await testNode()
    const readinessProbe = { exec: { command: ['true'] } }
    node.client.seed(Pods, testPod({ spec: { containers: [{ name: 'app', image: 'kubia', readinessProbe }] } }))
    const agent = node.startAgent()
    await node.passTimeUntil(isReady)
    agent.kill()
    await agent.ended
    const writes = node.client.writes.length
    node.startAgent()
    node.client.seed(Pods, testPod({ metadata: { name: 'other', uid: 'uid-2' } }))
    await node.until(() => isReady(node.pod('default/other')))
    expect(node.client.writes.slice(writes).filter(({ key }) => key === 'default/web')).toEqual([])
  })

  test('what the probes say is told while another container is still being pulled', async () => {
    await using node = await testNode()
    const readinessProbe = { exec: { command: ['true'] }, initialDelaySeconds: 5 }
    const containers = [{ name: 'app', image: 'kubia', readinessProbe }, { name: 'late', image: 'far/away' }]
    node.client.seed(Pods, testPod({ spec: { containers } }))
    const pull = Promise.withResolvers<string>()
    const runtime = new Proxy(node.runtime, {
      get: (target, property) => (property === 'pullImage' ? () => pull.promise : bound(target, property)),
    })
    // The first agent starts what it can, so that its successor knows of a running container when it begins to pull.
    const starter = node.startAgent()
    await node.until((pod) => first(pod)?.state?.running !== undefined)
    starter.kill()
    await starter.ended
    node.startAgent(runtime)
    await node.passTimeUntil((pod) => first(pod)?.ready === true)
    expect(node.pod()?.status?.containerStatuses?.[1]?.state?.running).toBeUndefined()
    pull.reject(new Error('over'))
  })

  test('a failed liveness probe restarts the container', async () => {
    let alive = true
    await using node = await testNode({ kubia: { exec: () => ({ stdout: '', stderr: '', exitCode: alive ? 0 : 1 }) } })
    const livenessProbe = { exec: { command: ['true'] }, failureThreshold: 1 }
    node.client.seed(Pods, testPod({ spec: { containers: [{ name: 'app', image: 'kubia', livenessProbe }] } }))
    node.startAgent()
    await node.until(isReady)
    alive = false
    await node.passTimeUntil((pod) => first(pod)?.restartCount === 1)
    expect(node.events).toContain('Normal Killing Container app failed liveness probe, will be restarted')
  })
})

test('a status write that fails is tried again, and only the last one counts', async () => {
  await using node = await testNode()
  for (let failures = 0; failures < 3; failures += 1) node.client.failNext('patch', Pods, new Error('no connection'))
  node.client.seed(Pods, testPod())
  node.startAgent()
  await node.passTimeUntil(isReady)
  expect(node.client.writes.filter(({ verb }) => verb === 'patch').length).toBeLessThanOrEqual(6)
})

test('the runtime’s restart breaks nothing', async () => {
  await using node = await testNode()
  node.client.seed(Pods, testPod())
  node.startAgent()
  await node.until(isReady)
  node.runtime.disconnect()
  const [id = ''] = await runningIds(node.runtime)
  node.runtime.exit(id, 1)
  await node.passTimeUntil((pod) => first(pod)?.restartCount === 1 && isReady(pod))
  expect(await runningIds(node.runtime)).toHaveLength(1)
})

test('an end that is told before it is listed is not missed', async () => {
  await using node = await testNode()
  const late = new Set<string>()
  const runtime = new Proxy(node.runtime, {
    get: (target, property) =>
      property !== 'containerStatus'
        ? bound(target, property)
        : async (id: string) => {
            const status = await target.containerStatus(id)
            // The first look after the end still sees it running.
            if (status.state !== 'exited' || late.has(id)) return status
            late.add(id)
            return { ...status, state: 'running' }
          },
  })
  node.client.seed(Pods, testPod())
  node.startAgent(runtime)
  await node.until(isReady)
  const [id = ''] = await runningIds(node.runtime)
  node.runtime.exit(id, 1)
  await expect.poll(() => node.clock.nextTimerMs, { interval: 1 }).toBeLessThan(100)
  await node.passTimeUntil((pod) => first(pod)?.restartCount === 1)
  expect(late.size).toBe(1)
})

async function follow(
  events: AsyncIterable<{ type: string; object?: Pod }>,
  onPod: (pod: Pod) => void,
): Promise<void> {
  for await (const { object } of events) if (object !== undefined) onPod(object)
}

function bound(target: object, property: string | symbol): unknown {
  const value: unknown = Reflect.get(target, property)
  return typeof value === 'function' ? value.bind(target) : value
}

describe('a pod with a token', () => {
  const volume = { name: 'access', projected: { sources: [{ serviceAccountToken: { path: 'token', expirationSeconds: 3600 } }] } }
  const spec = { serviceAccountName: 'web', volumes: [volume] }

  test('has it, and another in time, also from an agent that has been started again', async () => {
    await using node = await testNode()
    node.client.seed(ServiceAccounts, { metadata: { namespace: 'default', name: 'web' } })
    node.client.seed(Pods, testPod({ spec }))
    const file = join(node.directory, 'pod-data', 'uid-1', 'volumes', 'access', 'token')
    const holds = async (token: string) => {
      await atRest()
      expect(await readFile(file, 'utf8')).toBe(token)
    }
    const agent = node.startAgent()
    await node.until(isReady)
    await holds('web-token-1')
    node.clock.advance(48 * 60_000)
    await holds('web-token-2')
    agent.kill()
    await agent.ended
    node.startAgent()
    await holds('web-token-3')
    expect(node.pod()?.status?.containerStatuses?.[0]?.restartCount).toBe(0)
  })

  test('waits for its account, and goes on with the old one when no other can be had', async () => {
    await using node = await testNode()
    node.client.seed(Pods, testPod({ spec }))
    node.startAgent()
    const told = 'Warning FailedMount MountVolume.SetUp failed for volume "access" : failed to fetch token: serviceaccounts "web" not found'
    await node.until(() => node.events.includes(told))
    node.client.seed(ServiceAccounts, { metadata: { namespace: 'default', name: 'web' } })
    await node.passTimeUntil(isReady)
    await node.client.delete(ServiceAccounts, { namespace: 'default', name: 'web' })
    const asked = () => node.client.calls.filter(({ subresource }) => subresource === 'token').length
    const before = asked()
    node.clock.advance(48 * 60_000)
    await node.until(() => asked() > before)
    expect(isReady(node.pod())).toBe(true)
  })
})
