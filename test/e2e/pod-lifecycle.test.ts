import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Pod } from '../../src/api/kinds/pod.ts'
import { throwawayPki } from '../../src/base/throwaway-pki.ts'
import { ClusterView, conditionOf, containerOf, isReady, restartsOf } from '../cluster-view.ts'
import { lifecyclePods } from '../lifecycle-pods.ts'
import { eventually, TestCluster } from '../test-cluster.ts'
import { victimsOf, type VictimKind } from '../victims.ts'

/** What a pod goes through on a live cluster: `lifecycle-pods.ts` has a pod for each thing that it can be told. */

const nodeAddress = '192.168.99.11'

let cluster: TestCluster
let view: ClusterView
/** Where containers write to. */
let directory: string

beforeAll(async () => {
  cluster = await TestCluster.named(`e2e-lifecycle-${process.pid}`)
  view = new ClusterView(cluster)
  directory = join(cluster.home, 'journal')
  await mkdir(directory)
  await cluster.up()
  const { server } = await throwawayPki()
  const literals = [`--from-literal=CERT=${server.cert}`, `--from-literal=KEY=${server.key}`]
  await cluster.kubectl('create', 'configmap', 'probe-target', '--from-file=test/probe-target.cjs')
  await cluster.kubectl('create', 'configmap', 'certificate', ...literals)
  await create(lifecyclePods({ directory }))
})
afterAll(() => cluster?.[Symbol.asyncDispose]())

async function create(items: readonly object[]): Promise<void> {
  const file = join(cluster.home, 'manifest.json')
  await writeFile(file, JSON.stringify({ apiVersion: 'v1', kind: 'List', items }))
  await cluster.kubectl('create', '-f', file)
}

const exec = (pod: string, ...command: string[]) => cluster.kubectl('exec', pod, '--', ...command)
const linesOf = async (file: string) => (await readFile(join(directory, file), 'utf8')).trim().split('\n')
const curl = (url: string) => ['curl', '-s', '-m', '5', '-o', '/dev/null', '-w', '%{http_code}', url]

async function at(place: 'outside' | 'node', command: readonly string[]): Promise<string> {
  const words = place === 'outside' ? ['client'] : ['node', 'exec', 'node-1']
  return (await cluster.tryPortolan(...words, '--', ...command)).stdout
}

const untilEvents = (pod: string, ...patterns: readonly RegExp[]) => view.events(pod, ...patterns)

const chapterPods = async () => (await view.now()).pods.filter(({ metadata }) => metadata.labels?.['app'] === 'chapter')
const endpoints = () => cluster.words('endpoints/chapter', '{.subsets[*].addresses[*].ip}')

describe.concurrent('all at once:', () => {
  describe('probes', () => {
    test('the chapter’s readiness: a file decides, both ways, for its own pod alone, and restarts nothing', async () => {
      await view.until('three unready pods', (now) => {
        const pods = now.pods.filter(({ metadata }) => metadata.name.startsWith('chapter-'))
        return pods.length === 3 && pods.every((pod) => pod.status?.phase === 'Running' && !isReady(pod))
      })
      const [{ metadata: { name } } = expect.fail('no pod')] = await chapterPods()
      expect(await cluster.kubectl('get', 'pod', name)).toMatch(/^chapter-\w+ +0\/1 +Running +0 /m)
      expect(await endpoints()).toEqual([])
      await untilEvents(name, /^Unhealthy kubia: Readiness probe failed: ls: cannot access '\/var\/ready': No such file/)

      await exec(name, 'touch', '/var/ready')
      const ready = await view.pod(name, isReady)
      expect(await cluster.kubectl('get', 'pod', name)).toMatch(/ 1\/1 +Running +0 /)
      await eventually('its endpoint', async () => (await endpoints()).join(' ') === ready.status?.podIP)
      expect((await chapterPods()).filter(isReady)).toHaveLength(1)

      await exec(name, 'rm', '/var/ready')
      await view.pod(name, (pod) => !isReady(pod))
      await eventually('no endpoint', async () => (await endpoints()).length === 0)
      expect((await chapterPods()).map(restartsOf)).toEqual([0, 0, 0])
    })

    test('of every kind succeed, with names, headers and TLS', async () => {
      const pod = await view.pod('healthy', isReady)
      expect(pod.status?.containerStatuses?.map(({ ready, started }) => ready && started)).toEqual([true, true, true, true])
      await untilEvents('healthy', /^ProbeWarning by-redirect: Readiness probe warning: Probe terminated redirects, Response body: body$/)
    })

    test('of every kind fail, and say why', async () => {
      await untilEvents(
        'unhealthy',
        /^Unhealthy server: Readiness probe failed: HTTP probe failed with statuscode: 500$/,
        /^Unhealthy refused: Readiness probe failed: dial tcp [\d.]+:1: connect: connection refused$/,
        /^Unhealthy down: Readiness probe failed: service unhealthy \(responded with "NOT_SERVING"\)$/,
        /^Unhealthy hangs: Readiness probe failed: Get "http:\/\/[\d.]+:8081\/hang": context deadline exceeded \(Client.Timeout exceeded while awaiting headers\)$/,
      )
      const pod = await view.pod('unhealthy', () => true)
      expect(conditionOf(pod, 'ContainersReady')?.message).toBe('containers with unready status: [server refused down hangs]')
      expect(restartsOf(pod)).toBe(0)
    })

    test('that cannot be done count for nothing, and say so', async () => {
      await untilEvents(
        'unable',
        /^Unhealthy hangs: Readiness probe failed: command timed out: "sleep 60" timed out after 1s$/,
        /^Unhealthy lacks: Readiness probe errored and resulted in unknown state: rpc error: code = Unknown desc = failed to exec/,
        /^Unhealthy nowhere: Readiness probe errored and resulted in unknown state: container nowhere has no port "none"$/,
      )
    })

    test('liveness restarts, with the time that the probe gives and a back-off', async () => {
      const pod = await view.pod('dead', (each) => containerOf(each, 'stubborn')?.state?.waiting?.reason === 'CrashLoopBackOff')
      const status = containerOf(pod, 'stubborn')
      expect(status?.state?.waiting?.message).toMatch(/^back-off \d+s restarting failed container=stubborn pod=dead_default\(.*\)$/)
      // It ignores SIGTERM, and its pod would wait for five minutes.
      expect(status).toMatchObject({ ready: false, lastState: { terminated: { exitCode: 137, reason: 'Error' } } })
      await untilEvents(
        'dead',
        /^Unhealthy stubborn: Liveness probe failed: $/,
        /^Killing stubborn: Container stubborn failed liveness probe, will be restarted$/,
        /^BackOff stubborn: Back-off restarting failed container stubborn in pod dead_default\(/,
      )
    })

    test('a start that takes too long restarts', async () => {
      await untilEvents('slow', /^Unhealthy starter: Startup probe failed: $/, /^Killing starter: Container starter failed startup probe, will be restarted$/)
      const pod = await view.pod('slow', (each) => restartsOf(each) > 0)
      expect(containerOf(pod, 'starter')).toMatchObject({ started: false, ready: false })
    })
  })

  describe('life cycle', () => {
    test('init containers and sidecars come in their order, and go in the other', async () => {
      const pod = await view.pod('ordered', (each) => containerOf(each, 'main')?.ready === true)
      const begun = ['first', 'proxy', 'proxy up', 'second', 'late', 'main']
      expect(await linesOf('order')).toEqual(begun)
      expect(['first', 'proxy', 'second', 'late'].map((name) => containerOf(pod, name)?.ready)).toEqual([true, true, true, false])
      expect(conditionOf(pod, 'Ready')?.message).toBe('containers with unready status: [late]')
      await writeFile(join(directory, 'late-ready'), '')
      await view.pod('ordered', isReady)
      await cluster.kubectl('delete', 'pod', 'ordered')
      expect(await linesOf('order')).toEqual([...begun, 'main ended', 'late ended', 'proxy ended'])
    })

    test('hooks run, and SIGTERM waits for them', async () => {
      await view.pod('hooked', isReady)
      expect(await linesOf('hooks')).toEqual(['postStart'])
      const deletedAt = Math.floor(Date.now() / 1000)
      await cluster.kubectl('delete', 'pod', 'hooked')
      expect(await linesOf('hooks')).toEqual(['postStart', 'preStop', 'TERM'])
      expect((await linesOf('requests')).filter((line) => line.startsWith('/drain'))).toEqual(['/drain kube-lifecycle/1.36'])
      expect(Number((await linesOf('slept'))[0]) - deletedAt).toBeGreaterThanOrEqual(3)
    })

    test('restart policies', async () => {
      const never = await view.pod('never', ({ status }) => status?.phase === 'Failed')
      expect(containerOf(never, 'main')).toMatchObject({ restartCount: 0, state: { terminated: { exitCode: 3, reason: 'Error' } } })
      const onFailure = await view.pod('on-failure', ({ status }) => status?.phase === 'Succeeded')
      expect(containerOf(onFailure, 'main')).toMatchObject({ restartCount: 1, state: { terminated: { exitCode: 0, reason: 'Completed' } } })
      expect(onFailure.status?.conditions?.map(({ type, status, reason }) => `${type} ${status} ${reason}`)).toEqual([
        'PodReadyToStartContainers False undefined',
        'Initialized True PodCompleted',
        'Ready False PodCompleted',
        'ContainersReady False PodCompleted',
        'PodScheduled True undefined',
      ])
      const always = await view.pod('always', (each) => containerOf(each, 'main')?.state?.waiting?.reason === 'CrashLoopBackOff')
      expect(always.status?.phase).toBe('Running')
    })

    test('the node’s network', async () => {
      const pod = await view.pod('in-node', isReady)
      expect(pod.status).toMatchObject({ podIP: nodeAddress, hostIP: nodeAddress })
      expect(await at('outside', curl(`http://${nodeAddress}:8080`))).toBe('200')
    })

    test('host ports, by protocol and address', async () => {
      await view.pod('ports', isReady)
      const udp = 'exec 3<>/dev/udp/ADDRESS/18053; echo hello >&3; timeout 5 head -1 <&3'
      expect({
        outside: await at('outside', curl(`http://${nodeAddress}:18081/200`)),
        node: await at('node', curl('http://127.0.0.1:18081/200')),
        pod: await exec('ports', ...curl(`http://${nodeAddress}:18081/200`)),
        'another address': (await cluster.tryPortolan('client', '--', ...curl(`http://${nodeAddress}:18082/200`))).code,
        'its address': await at('node', curl('http://127.0.0.1:18082/200')),
        udp: await at('outside', ['bash', '-c', udp.replace('ADDRESS', nodeAddress)]),
      }).toEqual({ outside: '200', node: '200', pod: '200', 'another address': 7, 'its address': '200', udp: 'hello\n' })
    })

    test('names', async () => {
      const pod = await view.pod('named', isReady)
      const name = 'web-1.names.default.svc.cluster.local'
      expect(await exec('named', 'hostname')).toBe(`${name}\n`)
      const hosts = (await exec('named', 'cat', '/etc/hosts')).split('\n')
      expect(hosts).toEqual(expect.arrayContaining([`${pod.status?.podIP}\t${name}\tweb-1`, '192.0.2.7\told.example\tolder.example']))
      expect(await exec('named', 'nslookup', 'web-1.names')).toContain(`Name:\t${name}\nAddress: ${pod.status?.podIP}`)
    })

    test('readiness gates', async () => {
      const gate = 'example.com/load-balancer'
      const pod = await view.pod('gated', (each) => conditionOf(each, 'ContainersReady')?.status === 'True')
      expect(conditionOf(pod, 'Ready')).toMatchObject({
        status: 'False',
        reason: 'ReadinessGatesNotReady',
        message: `corresponding condition of pod readiness gate "${gate}" does not exist.`,
      })
      const status = { conditions: [{ type: gate, status: 'True' }] }
      await cluster.kubectl('patch', 'pod', 'gated', '--subresource=status', '-p', JSON.stringify({ status }))
      const ready = await view.pod('gated', isReady)
      expect(conditionOf(ready, gate)?.status).toBe('True')
    })

    test('termination messages', async () => {
      const pod = await view.pod('last-words', ({ status }) => status?.phase === 'Failed')
      expect(pod.status?.containerStatuses?.map(({ state }) => state?.terminated?.message)).toEqual(['no disk\n', 'starting\n'])
    })

    test('a deadline', async () => {
      const pod = await view.pod('deadline', ({ status }) => status?.phase === 'Failed')
      const message = 'Pod was active on the node longer than the specified deadline'
      expect(pod.status).toMatchObject({ reason: 'DeadlineExceeded', message })
      await untilEvents('deadline', new RegExp(`^DeadlineExceeded: ${message}$`))
    })
  })

  describe('pods that cannot be say why', () => {
    for (const { name, waiting, events } of [
      {
        name: 'no-image',
        waiting: 'ImagePullBackOff',
        events: [
          /^Failed.*: Failed to pull image "registry.invalid\/nothing:1": /,
          /^Failed main: Error: ErrImagePull$/,
          /^BackOff main: Back-off pulling image "registry.invalid\/nothing:1"$/,
        ],
      },
      { name: 'no-program', waiting: 'CrashLoopBackOff', events: [/^Failed main: Error: .*\/no\/such\/program: no such file or directory/] },
      { name: 'no-port', waiting: undefined, events: [/^FailedScheduling: 0\/1 nodes are available: 1 node\(s\) didn't have free ports for the requested pod ports/] },
      {
        name: 'no-start',
        waiting: 'CrashLoopBackOff',
        events: [/^FailedPostStartHook main: PostStartHook failed$/, /^Killing main: FailedPostStartHook$/],
      },
      { name: 'no-name', waiting: 'ContainerCreating', events: [/^FailedCreatePodSandBox: .*FQDN \S+ is too long \(64 characters is the max, 78 characters requested\)$/] },
    ]) {
      test(name, async () => {
        await untilEvents(name, ...events)
        if (waiting !== undefined) await view.pod(name, ({ status }) => status?.containerStatuses?.[0]?.state?.waiting?.reason === waiting)
      })
    }

    test('no-stop', async () => {
      await view.pod('no-stop', isReady)
      await cluster.kubectl('delete', 'pod', 'no-stop')
      await untilEvents('no-stop', /^FailedPreStopHook main: PreStopHook failed$/)
    })
  })
})

test('kubectl describe pod shows it all', async () => {
  const text = await cluster.kubectl('describe', 'pod', 'healthy')
  for (const part of [
    /^Node: +node-1\/192\.168\.99\.11$/m,
    /^Start Time: +\w/m,
    /^IP: +10\.108\.\d+\.\d+$/m,
    /^ +Container ID: +containerd:\/\/[0-9a-f]{64}$/m,
    /^ +Image ID: +\S+$/m,
    /^ +State: +Running\n +Started: +\w/m,
    /^ +Readiness: +http-get http:\/\/:http\/header delay=0s timeout=1s period=1s #success=1 #failure=3$/m,
    /^ +Readiness: +grpc <pod>:9090 web /m,
    /^ +Restart Count: +0$/m,
    /^Conditions:\n +Type +Status *\n +PodReadyToStartContainers +True *\n +Initialized +True *\n +Ready +True *\n +ContainersReady +True *\n +PodScheduled +True *$/m,
    /^QoS Class: +BestEffort$/m,
    /^Tolerations: +node.kubernetes.io\/not-ready:NoExecute op=Exists for 300s$/m,
    / Started +\S+ +kubelet +.*Started container by-grpc$/m,
  ]) {
    expect(text).toMatch(part)
  }
})

describe('what dies and comes back', () => {
  const lasting = ['healthy', 'in-node', 'ports', 'named', 'gated']
  const over = ['never', 'on-failure', 'last-words', 'deadline']

  /** Pods that write down every start of theirs. */
  async function startWriters(prefix: string): Promise<readonly string[]> {
    const names = [1, 2, 3, 4].map((number) => `${prefix}-${number}`)
    const command = ['sh', '-c', 'hostname >>/journal/starts; exec sleep infinity']
    const volumes = [{ name: 'journal', hostPath: { path: directory } }]
    const container = { name: 'main', image: 'busybox', command, volumeMounts: [{ name: 'journal', mountPath: '/journal' }] }
    const spec = { terminationGracePeriodSeconds: 1, volumes, containers: [container] }
    await create(names.map((name) => ({ apiVersion: 'v1', kind: 'Pod', metadata: { name }, spec })))
    return names
  }

  async function kill(kind: VictimKind): Promise<void> {
    const victims = (await victimsOf(cluster.name)).filter((victim) => victim.kind === kind)
    expect(victims).toHaveLength(1)
    for (const { pid } of victims) process.kill(pid, 'SIGKILL')
    await eventually(`another ${kind}`, async () => {
      const successors = (await victimsOf(cluster.name)).filter((victim) => victim.kind === kind)
      return successors.some(({ pid }) => pid !== victims[0]?.pid)
    })
  }

  /** Which container it is, and how it is, by pod. */
  async function containers(names: readonly string[]): Promise<unknown> {
    const { pod } = await view.now()
    return names.map((name) => {
      const { phase, containerStatuses = [] } = pod(name)?.status ?? {}
      return { name, phase, containers: containerStatuses.map(({ containerID, restartCount, ready }) => ({ containerID, restartCount, ready })) }
    })
  }

  const allReady = (names: readonly string[]) =>
    view.until(`${names.join(', ')} ready`, ({ pod }) => names.every((name) => isReady(pod(name))))

  for (const kind of ['agent', 'containerd'] as const) {
    test(`the ${kind}, while pods start: none runs twice, none is forgotten, and those that run go on`, async () => {
      const before = await containers([...lasting, ...over])
      const names = await startWriters(`while-${kind}-dies`)
      await kill(kind)
      await allReady(names)
      const starts = (await linesOf('starts')).filter((line) => names.includes(line))
      expect(starts.sort()).toEqual(names)
      await allReady(lasting)
      expect(await containers([...lasting, ...over])).toEqual(before)
    })
  }

  test('the agent: probes go on', async () => {
    const [{ metadata: { name } } = expect.fail('no pod')] = await chapterPods()
    await kill('agent')
    await eventually('a file', async () => (await cluster.tryKubectl('exec', name, '--', 'touch', '/var/ready')).code === 0)
    await view.pod(name, isReady)
    expect((await chapterPods()).map(restartsOf)).toEqual([0, 0, 0])
  })

  test('everything but the files: what ran runs again, what was over stays so', async () => {
    const ended = await containers(over)
    await cluster.portolan('down')
    await cluster.up()
    const again = (pod: Pod | undefined) => pod !== undefined && isReady(pod) && (pod.status?.containerStatuses ?? []).every(({ restartCount }) => restartCount === 1)
    await view.until('all pods again', ({ pod }) => lasting.every((name) => again(pod(name))))
    expect(await containers(over)).toEqual(ended)
    const named = await view.pod('named', isReady)
    expect(containerOf(named, 'main')?.lastState?.terminated).toBeDefined()
    await untilEvents('named', /^SandboxChanged: Pod sandbox changed, it will be killed and re-created\.$/)
  })
})
