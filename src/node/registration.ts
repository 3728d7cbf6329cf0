import { isDeepStrictEqual } from 'node:util'
import { isStatus } from '../api/errors.ts'
import { Nodes, type Node, type NodeCondition, type NodeStatus } from '../api/kinds/node.ts'
import { Backoff } from '../base/backoff.ts'
import type { Clock } from '../base/clock.ts'
import type { Log } from '../base/log.ts'
import type { Client } from '../client/client.ts'
import type { MachineLoad } from './machine.ts'
import { renewLease } from './node-lease.ts'
import { nodeConditions, nodeFacts, nodeLabels, type NodeDescription } from './node-status.ts'

export interface RegistrationOptions {
  readonly client: Client
  readonly clock: Clock
  readonly log: Log
  readonly signal: AbortSignal
  readonly node: NodeDescription
  load(): Promise<MachineLoad>
  /** What keeps the node from running pods, e.g. a container runtime that does not answer. Empty when it is ready. */
  problems(): Promise<readonly string[]>
}

const heartbeatMs = 10_000
const refreshMs = 5 * 60_000
/**
 * A node that is ready stays so for that long with a problem, as upstream's with a runtime that does not answer: its pods
 * run on, and leave their Services when it is not. An agent that was started again has such problems at first.
 */
const passingMs = 30_000

/** Makes the node known to the API and keeps telling that it lives and how it is. */
export class NodeRegistration {
  readonly #options: RegistrationOptions
  #node: Node | undefined
  #writtenAtMs = -Infinity
  #troubledSinceMs: number | undefined

  constructor(options: RegistrationOptions) {
    this.#options = options
  }

  /**
   * Creates the Node, or brings the one that is there up to date, and waits until it has a range for its pods.
   * Tries for as long as it takes; resolves to the range, e.g. `10.108.1.0/24`. Rejects when the signal aborts.
   */
  async register(): Promise<string> {
    await this.#persistently('node not registered', () => this.#beat())
    return this.#persistently('node has no pod range yet', async () => {
      const node = await this.#options.client.get(Nodes, { name: this.#options.node.name })
      return node.spec.podCIDR
    })
  }

  /** Heartbeats until the signal aborts. Never rejects. */
  async run(): Promise<void> {
    const { clock, signal, log } = this.#options
    while (!signal.aborted) {
      try {
        await clock.sleep(heartbeatMs, signal)
        await this.#beat()
      } catch (error) {
        if (!signal.aborted) log.warn({ err: error }, 'heartbeat failed')
      }
    }
  }

  /** Tells at once that something has changed, e.g. that the runtime answers again. */
  async refresh(): Promise<void> {
    await this.#beat()
  }

  async #beat(): Promise<true> {
    const { client, clock, signal } = this.#options
    try {
      this.#node ??= await this.#ensureNode()
      await this.#writeStatus(this.#node)
      await renewLease(client, this.#node, clock.now(), signal)
    } catch (error) {
      // Somebody may have deleted the Node: the next beat looks for it.
      if (isStatus(error, 'NotFound')) this.#node = undefined
      throw error
    }
    return true
  }

  async #ensureNode(): Promise<Node> {
    const { client, node, signal } = this.#options
    const labels = nodeLabels(node)
    this.#writtenAtMs = -Infinity
    try {
      return await client.create(Nodes, { metadata: { name: node.name, labels }, spec: {} }, { signal })
    } catch (error) {
      if (!isStatus(error, 'AlreadyExists')) throw error
      const body = { metadata: { labels } }
      return client.patch(Nodes, { name: node.name }, { type: 'merge', body }, { signal })
    }
  }

  /** Only when it differs from what was last seen, apart from the heartbeat's own time, or has become old. */
  async #writeStatus(node: Node): Promise<void> {
    const { client, clock, signal } = this.#options
    const status = await this.#compile(node)
    const fresh = clock.monotonicMs() - this.#writtenAtMs < refreshMs
    if (fresh && isDeepStrictEqual(timeless(status), timeless(node.status ?? {}))) return
    const conditions = [...(status.conditions ?? []), ...foreign(node.status?.conditions ?? [])]
    const target = { name: node.metadata.name, subresource: 'status' }
    const body = { status: { ...status, conditions } }
    this.#node = await client.patch(Nodes, target, { type: 'merge', body }, { signal })
    this.#writtenAtMs = clock.monotonicMs()
  }

  async #compile({ status }: Node): Promise<NodeStatus> {
    const { node, clock, load } = this.#options
    const before = status?.conditions ?? []
    const wasReady = before.some(({ type, status: is }) => type === 'Ready' && is === 'True')
    const problems = await this.#problems(wasReady)
    return { ...nodeFacts(node), conditions: nodeConditions(await load(), problems, { before, now: clock.now() }) }
  }

  /** Without those that may pass before they matter. */
  async #problems(wasReady: boolean): Promise<readonly string[]> {
    const { clock, problems } = this.#options
    const found = await problems()
    const nowMs = clock.monotonicMs()
    this.#troubledSinceMs = found.length === 0 ? undefined : (this.#troubledSinceMs ?? nowMs)
    const isPassing = wasReady && nowMs - (this.#troubledSinceMs ?? nowMs) < passingMs
    return isPassing ? [] : found
  }

  /** Repeats until there is an answer that is not undefined. */
  async #persistently<T>(what: string, attempt: () => Promise<T | undefined>): Promise<T> {
    const { clock, log, signal } = this.#options
    const backoff = new Backoff({ baseMs: 50, maxMs: 2000 })
    for (;;) {
      signal.throwIfAborted()
      try {
        const answer = await attempt()
        if (answer !== undefined) return answer
        log.debug({}, what)
      } catch (error) {
        signal.throwIfAborted()
        log.warn({ err: error }, `${what}; tries again`)
      }
      await clock.sleep(backoff.nextMs(), signal)
    }
  }
}

const ownConditions = ['MemoryPressure', 'DiskPressure', 'PIDPressure', 'Ready']

function foreign(conditions: readonly NodeCondition[]): NodeCondition[] {
  return conditions.filter(({ type }) => !ownConditions.includes(type))
}

/** The parts of a status that the agent writes, without the time of the heartbeat. */
function timeless(status: NodeStatus): unknown {
  const { addresses, capacity, allocatable, daemonEndpoints, nodeInfo, conditions = [] } = status
  const lasting = conditions
    .filter(({ type }) => ownConditions.includes(type))
    .map((condition) => ({ ...condition, lastHeartbeatTime: undefined }))
  return { addresses, capacity, allocatable, daemonEndpoints, nodeInfo, conditions: lasting }
}
