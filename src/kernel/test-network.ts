import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { realProcesses } from './real-processes.ts'
import { TestPeer } from './test-peer.ts'

export interface LinkEnd {
  readonly namespace: TestNamespace
  /** With its prefix length. Unless it is given the device has none, so that it may become the port of a bridge. */
  readonly address?: string
}

/**
 * Network namespaces for one test, with real devices between them. `await using network = new TestNetwork()` ends
 * everything, also when the test fails; and because a namespace here has no name and lives only as long as a process
 * that ends with ours, nothing stays behind when the test process is killed.
 *
 *     await using network = new TestNetwork()
 *     const node = await network.namespace('node')
 *     const pod = await network.pod(node, '10.108.1.2')
 *     const server = await network.peer(pod)
 */
export class TestNetwork implements AsyncDisposable {
  readonly #holders: ChildProcess[] = []
  readonly #peers: TestPeer[] = []
  #devices = 0

  /** An empty namespace that forwards, with loopback up. */
  async namespace(name: string): Promise<TestNamespace> {
    const script = 'echo ready; exec cat' // cat ends when this process does, and the namespace with it
    const holder = spawn('unshare', ['--net', 'sh', '-c', script], { stdio: ['pipe', 'pipe', 'inherit'] })
    this.#holders.push(holder)
    await once(holder.stdout, 'data')
    const namespace = new TestNamespace(name, holder.pid ?? 0)
    await namespace.run('sh', '-c', 'ip link set lo up; echo 1 > /proc/sys/net/ipv4/ip_forward')
    return namespace
  }

  /** A veth pair between two namespaces. Resolves to the names of both devices. */
  async link(a: LinkEnd, b: LinkEnd): Promise<readonly [string, string]> {
    const [aDevice, bDevice] = await this.#veth(a.namespace, b.namespace)
    if (a.address !== undefined) await a.namespace.ip(`address add ${a.address} dev ${aDevice}`)
    if (b.address !== undefined) await b.namespace.ip(`address add ${b.address} dev ${bDevice}`)
    return [aDevice, bDevice]
  }

  /**
   * A namespace for a pod, joined to its node as the CNI plugin `ptp` does: a route for the pod's one address on the
   * node's side, and all else by the node on the pod's side.
   */
  async pod(node: TestNamespace, address: string, name: string = address): Promise<TestNamespace> {
    const gateway = '169.254.1.1'
    const pod = await this.namespace(name)
    const [nodeDevice, podDevice] = await this.#veth(node, pod)
    await node.ip(`address add ${gateway}/32 dev ${nodeDevice}`, `route add ${address} dev ${nodeDevice}`)
    await pod.ip(
      `address add ${address}/32 dev ${podDevice}`,
      `route add ${gateway} dev ${podDevice} scope link`,
      `route add default via ${gateway}`,
    )
    return pod
  }

  /** A process in the namespace that serves and connects as it is told. */
  async peer(namespace: TestNamespace): Promise<TestPeer> {
    const peer = await TestPeer.start(namespace.name, namespace.path)
    this.#peers.push(peer)
    return peer
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#peers.map((peer) => peer.end()))
    await Promise.all(this.#holders.map(endHolder))
  }

  async #veth(a: TestNamespace, b: TestNamespace): Promise<readonly [string, string]> {
    this.#devices += 1
    const [aDevice, bDevice] = [`a${this.#devices}`, `b${this.#devices}`] as const
    await a.ip(`link add ${aDevice} type veth peer name ${bDevice} netns ${b.pid}`, `link set ${aDevice} up`)
    await b.ip(`link set ${bDevice} up`)
    return [aDevice, bDevice]
  }
}

export class TestNamespace {
  readonly name: string
  /** A process in the namespace, by which ip(8) names it. */
  readonly pid: number
  /** What `RunOptions.netns` takes. */
  readonly path: string

  constructor(name: string, pid: number) {
    this.name = name
    this.pid = pid
    this.path = `/proc/${pid}/ns/net`
  }

  /** Runs to the end; rejects with `CommandFailed`. */
  async run(...command: readonly [string, ...string[]]): Promise<string> {
    return (await realProcesses.run(command, { netns: this.path })).stdout
  }

  /** ip(8) commands, one a line. */
  async ip(...lines: readonly string[]): Promise<void> {
    await realProcesses.run(['ip', '-batch', '-'], { netns: this.path, input: `${lines.join('\n')}\n` })
  }
}

async function endHolder(holder: ChildProcess): Promise<void> {
  if (holder.exitCode !== null || holder.signalCode !== null) return
  const exit = once(holder, 'exit')
  holder.kill('SIGKILL')
  await exit
}
