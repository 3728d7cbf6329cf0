import { createServer } from 'node:net'
import { get } from 'node:https'
import type { AddressInfo } from 'node:net'
import { mkdir, readdir, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { ConfigMaps } from '../api/kinds/config-map.ts'
import { Events } from '../api/kinds/event.ts'
import { Nodes } from '../api/kinds/node.ts'
import { Pods, type Pod } from '../api/kinds/pod.ts'
import { Services } from '../api/kinds/service.ts'
import { systemClock } from '../base/clock.ts'
import { silentLog } from '../base/log.ts'
import { EventBroadcaster } from '../client/event-recorder.ts'
import { informer } from '../client/informer.ts'
import { MemoryClient } from '../client/memory-client.ts'
import { throwawayPki, type ThrowawayPki } from '../client/throwaway-pki.ts'
import { realProcesses } from '../kernel/real-processes.ts'
import { runAgent } from './agent.ts'
import { TestNode } from './containerd/test-node.ts'
import { criRuntime } from './cri/cri-runtime.ts'
import { loadImages } from './images/load.ts'
import { testImage, writeTestArchive } from './images/test-archive.ts'
import { markDeleted } from './pods/test-node.ts'
import { testPod } from './pods/test-pods.ts'

/** The agent on a real containerd, in a node of its own; the API is in memory. */
class RealNode {
  readonly client = new MemoryClient()
  readonly node: TestNode
  readonly runtime
  readonly #pki: ThrowawayPki
  readonly #port: number
  #stop = new AbortController()
  #ended: Promise<void> = Promise.resolve()

  private constructor(node: TestNode, pki: ThrowawayPki, port: number) {
    this.node = node
    this.runtime = criRuntime(node.options.address)
    this.#pki = pki
    this.#port = port
  }

  static async create(): Promise<RealNode> {
    const real = new RealNode(await TestNode.create(), await throwawayPki('CN=tester, O=system:masters'), await freePort())
    try {
      await real.node.start()
      const archive = join(real.node.directory, 'images.tar')
      await writeTestArchive(archive)
      const deps = { processes: realProcesses, clock: systemClock, runtime: real.runtime }
      await loadImages(archive, real.node.options.address, deps)
      await mkdir(real.state)
      await writeFile(real.resolvConf, 'nameserver 192.0.2.1\n')
      real.client.seed(Nodes, { metadata: { name: 'node-1' }, spec: { podCIDR: '10.108.1.0/24' } })
      return real
    } catch (error) {
      await real.dispose()
      throw error
    }
  }

  get state(): string {
    return join(this.node.directory, 'agent')
  }

  get resolvConf(): string {
    return join(this.node.directory, 'resolv.conf')
  }

  startAgent(): void {
    this.#stop = new AbortController()
    const live = { clock: systemClock, log: silentLog, signal: this.#stop.signal }
    const { client } = this
    this.#ended = runAgent({
      ...live,
      client,
      runtime: this.runtime,
      services: informer(client, Services, live),
      pods: informer(client, Pods, { ...live, fieldSelector: 'spec.nodeName=node-1' }),
      withdrawal: { waitsFor: () => [], hasServed: () => false, follow: () => {}, forget: () => {} },
      events: new EventBroadcaster({ client, clock: systemClock, log: silentLog }).recorder('kubelet', 'node-1'),
      processes: realProcesses,
      node: {
        name: 'node-1',
        address: '127.0.0.1',
        kubeletPort: this.#port,
        kubeletVersion: 'v1.36.0-portolan.test',
        containerRuntimeVersion: 'containerd://test',
      },
      stateDirectory: this.state,
      cgroupRoot: this.node.podsCgroup,
      clusterDns: { server: '10.96.0.10', domain: 'cluster.local', forwards: true },
      resolvConfPath: this.resolvConf,
      hostsPath: '/etc/hosts',
      clientCa: this.#pki.ca,
      servingCertificate: async () => ({ pair: this.#pki.server, keepRenewed() {} }),
      isPinned: () => true,
      setUpNetwork: async () => {},
    })
  }

  async stopAgent(): Promise<void> {
    this.#stop.abort()
    await this.#ended
  }

  pod(name: string): Pod | undefined {
    return this.client.peek(Pods, `default/${name}`)
  }

  async until(name: string, holds: (pod: Pod | undefined) => boolean): Promise<Pod | undefined> {
    const check = async () => {
      const pod = this.pod(name)
      if (holds(pod)) return pod
      const { items } = await this.client.list(Events)
      const told = items.map(({ reason, message }) => `${reason}: ${message}`)
      throw new Error(`${name} is not so yet: ${JSON.stringify(pod?.status)}; events: ${told.join('; ')}`)
    }
    return vi.waitFor(check, { interval: 10, timeout: 15_000 })
  }

  async exec(name: string, command: string): Promise<string> {
    const id = this.pod(name)?.status?.containerStatuses?.[0]?.containerID?.replace('containerd://', '') ?? ''
    return (await this.runtime.execSync(id, ['sh', '-c', command], 10)).stdout
  }

  /** A GET to the kubelet API. */
  fetch(path: string): Promise<string> {
    const { ca, client } = this.#pki
    return new Promise((resolve, reject) => {
      const options = { host: '127.0.0.1', port: this.#port, path, ca, ...client, agent: false }
      get(options, (response) => void text(response).then(resolve, reject)).on('error', reject)
    })
  }

  async dispose(): Promise<void> {
    await this.stopAgent()
    this.runtime.close()
    await this.node.dispose()
  }
}

const isReady = (pod: Pod | undefined) =>
  pod?.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') === true
const first = (pod: Pod | undefined) => pod?.status?.containerStatuses?.[0]

let real: RealNode
beforeAll(async () => {
  real = await RealNode.create()
  real.startAgent()
}, 60_000)
afterAll(() => real?.dispose(), 60_000)

test('a container gets its name, resolver, hosts, variables and volumes', async () => {
  const { client } = real
  client.seed(ConfigMaps, { metadata: { namespace: 'default', name: 'settings' }, data: { mode: 'fast' } })
  client.seed(Services, {
    metadata: { namespace: 'default', name: 'kubia' },
    spec: { clusterIP: '10.96.4.2', ports: [{ port: 80, protocol: 'TCP' }] },
  })
  const app = {
    name: 'app',
    image: testImage,
    command: ['sh', '-c', 'echo begun; exec sleep infinity'],
    volumeMounts: [
      { name: 'config', mountPath: '/config' },
      { name: 'scratch', mountPath: '/scratch' },
    ],
  }
  const volumes = [
    { name: 'config', configMap: { name: 'settings' } },
    { name: 'scratch', emptyDir: { medium: 'Memory', sizeLimit: '1Mi' } },
  ]
  client.seed(Pods, testPod({ metadata: { name: 'whole', uid: 'uid-whole' }, spec: { containers: [app], volumes } }))
  const pod = await real.until('whole', isReady)
  const told = await real.exec(
    'whole',
    'hostname; echo $KUBIA_SERVICE_HOST; cat /config/mode; echo; touch /scratch/x && df /scratch; cat /etc/hosts /etc/resolv.conf',
  )
  expect(told).toMatch(/^whole\n10\.96\.4\.2\nfast\n[^]*tmpfs +1024 /)
  expect(told).toContain(`${pod?.status?.podIP}\twhole\n`)
  expect(told).toContain('nameserver 10.96.0.10\n')
  expect(told).toMatch(/search default\.svc\.cluster\.local svc\.cluster\.local cluster\.local\n/)
  expect(told).toMatch(/options ndots:5/)
  await expect.poll(() => real.fetch('/containerLogs/default/whole/app')).toBe('begun\n')
}, 30_000)

test('an agent that restarts leaves its containers as they are', async () => {
  const id = first(real.pod('whole'))?.containerID
  await real.stopAgent()
  real.startAgent()
  real.client.seed(Pods, testPod({ metadata: { name: 'next', uid: 'uid-next' }, spec: { containers: [{ name: 'app', image: testImage }] } }))
  await real.until('next', isReady)
  expect(first(real.pod('whole'))).toMatchObject({ containerID: id, restartCount: 0, ready: true })
  expect(await real.exec('whole', 'ls /scratch')).toBe('x\n')
}, 30_000)

test('a container that ends is restarted, and its last words are kept', async () => {
  const command = ['sh', '-c', 'if test -e /kept/once; then exec sleep infinity; fi; touch /kept/once; echo why > /dev/termination-log; exit 7']
  const app = { name: 'app', image: testImage, command, volumeMounts: [{ name: 'kept', mountPath: '/kept' }] }
  const spec = { containers: [app], volumes: [{ name: 'kept', emptyDir: {} }] }
  real.client.seed(Pods, testPod({ metadata: { name: 'crash', uid: 'uid-crash' }, spec }))
  const pod = await real.until('crash', (seen) => isReady(seen) && first(seen)?.restartCount === 1)
  expect(first(pod)?.lastState?.terminated).toMatchObject({ exitCode: 7, reason: 'Error', message: 'why\n' })
}, 30_000)

test('after a power failure the pods come back, counted on', async () => {
  await real.stopAgent()
  await real.node.killAll()
  await real.node.start()
  real.startAgent()
  const whole = await real.until('whole', (pod) => isReady(pod) && first(pod)?.restartCount === 1)
  await real.until('crash', (pod) => isReady(pod) && first(pod)?.restartCount === 2)
  expect(await real.exec('whole', 'cat /etc/hosts')).toContain(`${whole?.status?.podIP}\twhole\n`)
}, 60_000)

test('deleted pods leave nothing', async () => {
  for (const name of ['whole', 'next', 'crash']) {
    const pod = real.pod(name)
    if (pod !== undefined) markDeleted(real.client, pod, new Date(), 2)
  }
  for (const name of ['whole', 'next', 'crash']) await real.until(name, (pod) => pod === undefined)
  expect(await real.runtime.listPodSandboxes()).toEqual([])
  expect(await real.runtime.listContainers()).toEqual([])
  expect(await readdir(join(real.state, 'pods'))).toEqual([])
  expect(await readdir(join(real.state, 'pod-data'))).toEqual([])
  const cgroup = `${real.node.podsCgroup}/besteffort`
  for (const root of ['/sys/fs/cgroup', '/sys/fs/cgroup/memory']) {
    await expect(stat(join(root, cgroup, 'poduid-whole'))).rejects.toThrow('ENOENT')
  }
}, 60_000)

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}
