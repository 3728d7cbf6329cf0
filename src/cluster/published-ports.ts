import type { Log } from '../base/log.ts'
import { bindOnHost, listenOnHost, PortTaken } from '../kernel/sockets.ts'
import type { PublishedPort } from './config.ts'
import type { ProcessGroup } from './process-group.ts'
import type { StoredConfig } from './stored-config.ts'
import type { Handover } from './supervised-process.ts'
import { UserError } from './user-error.ts'

export interface PublishedPortsDeps {
  readonly config: StoredConfig
  readonly group: ProcessGroup
  readonly log: Log
}

const loopback = '127.0.0.1'
/** The process that leads what comes in to the Services. */
const leader = 'edge'

/** Ports of Services on the host's loopback: sockets are opened here, in the host's namespace, and handed to the edge. */
export class PublishedPorts {
  readonly #deps: PublishedPortsDeps

  constructor(deps: PublishedPortsDeps) {
    this.#deps = deps
  }

  /** All of them or, with `UserError`, none. */
  async publish(ports: readonly PublishedPort[]): Promise<void> {
    const { config, group } = this.#deps
    const { published = [] } = config.current
    const fresh = ports.filter((port) => !published.some((other) => isSame(other, port)))
    for (const port of fresh) this.#requireFree(port, published)
    const opened: Handover[] = []
    try {
      for (const port of fresh) opened.push(await open(port))
      await config.update({ published: [...published, ...fresh] })
    } catch (error) {
      for (const { socket } of opened) socket.close()
      throw error instanceof PortTaken ? new UserError(`${error.message}: choose another port, such as ${advice(error)}`) : error
    }
    for (const handover of opened) group.handOver(leader, handover)
  }

  /** Resolves to the ports that were closed. Rejects with `UserError` if the Service has none. */
  async unpublish({ namespace, service }: Pick<PublishedPort, 'namespace' | 'service'>): Promise<void> {
    const { config, group } = this.#deps
    const { published = [] } = config.current
    const ended = published.filter((port) => port.namespace === namespace && port.service === service)
    if (ended.length === 0) throw new UserError(`service/${service} in namespace ${namespace} is not published`)
    await config.update({ published: published.filter((port) => !ended.includes(port)) })
    for (const port of ended) group.tell(leader, { unpublished: port })
  }

  /** Opens what is published, for a new edge. A port that somebody else has by now is left out, and told of. */
  async openAll(): Promise<readonly Handover[]> {
    const opened: Handover[] = []
    for (const port of this.#deps.config.current.published ?? []) {
      try {
        opened.push(await open(port))
      } catch (error) {
        this.#deps.log.error({ err: error, ...port }, 'published port not opened')
      }
    }
    return opened
  }

  #requireFree({ hostPort, protocol }: PublishedPort, published: readonly PublishedPort[]): void {
    const holder = published.find((other) => other.hostPort === hostPort && other.protocol === protocol)
    if (holder === undefined) return
    const { namespace, service } = holder
    throw new UserError(`port ${hostPort}/${protocol} is published already for service/${service} in namespace ${namespace}`)
  }
}

async function open(port: PublishedPort): Promise<Handover> {
  const { hostPort, protocol } = port
  const socket = protocol === 'TCP' ? await listenOnHost(loopback, hostPort) : await bindOnHost(loopback, hostPort)
  return { message: { published: port }, socket }
}

function isSame(a: PublishedPort, b: PublishedPort): boolean {
  return (['hostPort', 'protocol', 'namespace', 'service', 'port'] as const).every((field) => a[field] === b[field])
}

function advice({ port }: PortTaken): string {
  return `${port < 32_768 ? port + 8_000 : port - 8_000}:…`
}
