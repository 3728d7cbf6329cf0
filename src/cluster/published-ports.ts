import type { Log } from '../base/log.ts'
import { bindOnHost, listenOnHost, PortTaken } from '../kernel/sockets.ts'
import type { ProcessGroup } from './process-group.ts'
import { freshPorts, type PublishedPort, type PublishedSubject, subjectInWords, subjectOf } from './published-port.ts'
import type { StoredConfig } from './stored-config.ts'
import type { Handover } from './supervised-process.ts'
import { UserError } from './user-error.ts'

export interface PublishedPortsDeps {
  readonly config: StoredConfig
  readonly group: ProcessGroup
  readonly log: Log
}

const loopback = '127.0.0.1'
/** The process that leads what comes in to Services and ingress. */
const leader = 'edge'

/** Ports on the host's loopback: sockets are opened here, in the host's namespace, and handed to the edge. */
export class PublishedPorts {
  readonly #deps: PublishedPortsDeps

  constructor(deps: PublishedPortsDeps) {
    this.#deps = deps
  }

  /** All of them or, with `UserError`, none. */
  async publish(ports: readonly PublishedPort[]): Promise<void> {
    const { config, group } = this.#deps
    const { published = [] } = config.current
    const fresh = freshPorts(published, ports)
    const opened: Handover[] = []
    try {
      for (const port of fresh) opened.push(await openPublished(port))
      await config.update({ published: [...published, ...fresh] })
    } catch (error) {
      for (const { socket } of opened) socket.close()
      throw error
    }
    for (const handover of opened) group.handOver(leader, handover)
  }

  /** Closes all ports of a Service, or of the ingress. Rejects with `UserError` if it has none. */
  async unpublish(subject: PublishedSubject): Promise<void> {
    const { config, group } = this.#deps
    const { published = [] } = config.current
    const name = subjectInWords(subject)
    const ended = published.filter((port) => subjectInWords(subjectOf(port)) === name)
    if (ended.length === 0) throw new UserError(`${name} is not published`)
    await config.update({ published: published.filter((port) => !ended.includes(port)) })
    for (const port of ended) group.tell(leader, { unpublished: port })
  }

  /** Opens what is published, for a new edge. A port that somebody else has by now is left out, and told of. */
  async openAll(): Promise<readonly Handover[]> {
    const opened: Handover[] = []
    for (const port of this.#deps.config.current.published ?? []) {
      try {
        opened.push(await openPublished(port))
      } catch (error) {
        this.#deps.log.error({ err: error, ...port }, 'published port not opened')
      }
    }
    return opened
  }
}

/** Opens a port on the host, to be handed to the edge. Rejects with `UserError` if another program has it. */
export async function openPublished(port: PublishedPort): Promise<Handover> {
  const { hostPort, protocol } = port
  try {
    const socket = protocol === 'TCP' ? await listenOnHost(loopback, hostPort) : await bindOnHost(loopback, hostPort)
    return { message: { published: port }, socket }
  } catch (error) {
    if (!(error instanceof PortTaken)) throw error
    throw new UserError(`${error.message}: choose another port, such as ${advice(error)}`, { cause: error })
  }
}

function advice({ port }: PortTaken): string {
  return `${port < 32_768 ? port + 8_000 : port - 8_000}:…`
}
