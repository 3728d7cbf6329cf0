import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { ClusterDescription } from '../src/cli/status.ts'
import { TestNamespace, TestNetwork } from '../src/kernel/test-network.ts'
import { newHome, type Output, run, type TestCluster } from './test-cluster.ts'

const root = resolve(import.meta.dirname, '..')

/**
 * Another machine on the node network of a cluster: a network namespace with one cable to the cluster's switch, a home of
 * its own, and none of the cluster's files, which are hidden from it. Disposing of it leaves nothing of it.
 */
export class TestMachine implements AsyncDisposable {
  readonly home: string
  readonly address: string
  readonly #network: TestNetwork
  readonly #namespace: TestNamespace
  readonly #hidden: readonly string[]
  #agent: { readonly process: ChildProcess; said: string } | undefined

  private constructor(home: string, address: string, place: { network: TestNetwork; namespace: TestNamespace; hidden: readonly string[] }) {
    this.home = home
    this.address = address
    this.#network = place.network
    this.#namespace = place.namespace
    this.#hidden = place.hidden
  }

  /** `address` is one of 192.168.99.0/24. */
  static async attachedTo(cluster: TestCluster, address: string): Promise<TestMachine> {
    const network = new TestNetwork()
    const namespace = await network.namespace('machine')
    const hidden = [cluster.home, '/run/portolan']
    const machine = new TestMachine(await newHome(), address, { network, namespace, hidden })
    await machine.plugInto(cluster)
    return machine
  }

  /** A cable to the switch of a cluster that runs. It is gone, with its device here and that one's routes, when the cluster goes down. */
  async plugInto(cluster: TestCluster): Promise<void> {
    const { processes } = JSON.parse((await cluster.portolan('status', '--json')).stdout) as ClusterDescription
    const edge = new TestNamespace('edge', processes.find(({ name }) => name === 'edge')?.pid ?? 0)
    const [, port] = await this.#network.link({ namespace: this.#namespace, address: `${this.address}/24` }, { namespace: edge })
    // Several machines have cables of the same names, each in its own network.
    const cable = `cable-${this.address.split('.').at(-1) ?? ''}`
    await edge.ip(`link set ${port} down`, `link set ${port} name ${cable}`, `link set ${cable} up master nodes`)
    await this.#namespace.ip('route add default via 192.168.99.1')
  }

  get state(): string {
    return join(this.home, 'agents')
  }

  /** What the agent has said since it was started. */
  get said(): string {
    return this.#agent?.said ?? ''
  }

  /** Runs `./portolan …` there to its end. */
  portolan(...words: string[]): Promise<Output> {
    const [program = '', ...args] = this.#inside('./portolan', ...words)
    return run(program, args, this.#environment)
  }

  /** Runs a command in its network. */
  exec(...command: readonly [string, ...string[]]): Promise<string> {
    return this.#namespace.run(...command)
  }

  /** Starts `./portolan agent …`, which goes on. */
  startAgent(...words: string[]): void {
    const [program = '', ...args] = this.#inside('./portolan', 'agent', ...words)
    const child = spawn(program, args, { cwd: root, env: this.#environment, stdio: ['ignore', 'pipe', 'pipe'] })
    const agent = { process: child, said: '' }
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text: string) => (agent.said += text))
    this.#agent = agent
  }

  /** As a service manager does. Resolves to the exit code. */
  async stopAgent(): Promise<number | null> {
    const child = this.#agent?.process
    if (child === undefined || child.exitCode !== null) return child?.exitCode ?? null
    const ended = once(child, 'exit')
    child.kill('SIGTERM')
    const [code] = (await ended) as [number | null]
    return code
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stopAgent()
    await this.#network[Symbol.asyncDispose]()
    await rm(this.home, { recursive: true, force: true })
  }

  get #environment(): NodeJS.ProcessEnv {
    const { KUBECONFIG: _, ...environment } = process.env
    return { ...environment, PORTOLAN_HOME: this.home }
  }

  /** A mount namespace in which the cluster's folders are empty. Every program replaces itself by the next. */
  #inside(...command: string[]): string[] {
    const hide = this.#hidden.map((folder) => `mount -t tmpfs none ${folder}`).join('; ')
    return ['nsenter', `--net=${this.#namespace.path}`, '--', 'unshare', '--mount', '--', 'sh', '-ec', `${hide}; exec "$@"`, 'sh', ...command]
  }
}
