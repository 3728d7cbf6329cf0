import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

/** What a server of the test network says of a request that it got. */
export interface Answer {
  /** Name of the peer that answered. */
  readonly server: string
  readonly port: number
  /** Address and port that the request came from, as the server saw them. */
  readonly client: string
  readonly clientPort: number
}

export type Transport = 'tcp' | 'udp'

export interface ServerAddress {
  readonly transport: Transport
  readonly address: string
  readonly port: number
}

export interface Question extends ServerAddress, AskOptions {}

export interface AskOptions {
  /** The kernel chooses address and port of the client unless they are given. */
  readonly localAddress?: string
  readonly localPort?: number
  /** How long to wait for an answer. A refusal comes at once, so only what is dropped takes this long. 2,000 unless given. */
  readonly patienceMs?: number
}

/** What a peer can be told, one message each; `id` ties the reply to it. */
export type PeerOrder =
  | ({ readonly id: number; readonly op: 'serve' } & ServerAddress)
  | { readonly id: number; readonly op: 'ask'; readonly question: Question }
  | { readonly id: number; readonly op: 'open'; readonly question: Question }
  | { readonly id: number; readonly op: 'say'; readonly connection: number }

export type PeerReply =
  | { readonly id: number; readonly ok: true; readonly answer?: Answer }
  /** `code` as of Node's system errors, e.g. `ECONNREFUSED`; `ETIMEDOUT` if nothing came back. */
  | { readonly id: number; readonly ok: false; readonly code: string; readonly message: string }

type Unnumbered<T> = T extends unknown ? Omit<T, 'id'> : never

/** A process in a namespace. It ends with the process that started it. */
export class TestPeer {
  readonly name: string
  /** File of the namespace that it is in. */
  readonly netns: string
  readonly #child: ChildProcess
  readonly #waiting = new Map<number, (reply: PeerReply) => void>()
  #ids = 0

  private constructor(name: string, netns: string, child: ChildProcess) {
    this.name = name
    this.netns = netns
    this.#child = child
    child.on('message', (reply: PeerReply) => this.#waiting.get(reply.id)?.(reply))
    child.on('exit', () => {
      for (const [id, tell] of this.#waiting) tell({ id, ok: false, code: 'EXIT', message: 'the peer has ended' })
    })
  }

  static async start(name: string, netns: string): Promise<TestPeer> {
    const program = fileURLToPath(new URL('test-peer-program.ts', import.meta.url))
    const child = spawn('nsenter', [`--net=${netns}`, '--', process.execPath, program, name], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    })
    const ready = new AbortController()
    child.once('exit', (code) => ready.abort(new Error(`${name}: the peer ended at its start: ${code}`)))
    await once(child, 'message', { signal: ready.signal }) // sent when it is ready to be told things
    return new TestPeer(name, netns, child)
  }

  /**
   * Answers on the port. Over UDP a server on all addresses answers from the one that the kernel would choose, so one
   * of several must be named.
   */
  async serve(transport: Transport, port: number, address = '0.0.0.0'): Promise<void> {
    await this.#tell({ op: 'serve', transport, port, address })
  }

  /** One request over a connection (or socket) of its own. Rejects with an error whose `code` says why not. */
  ask(transport: Transport, address: string, port: number, options: AskOptions = {}): Promise<Answer> {
    return this.#answer({ op: 'ask', question: { transport, address, port, ...options } })
  }

  /** A TCP connection that stays open; each call of the result sends a request over it and resolves to the answer. */
  async open(address: string, port: number): Promise<() => Promise<Answer>> {
    const connection = await this.#tell({ op: 'open', question: { transport: 'tcp', address, port } })
    return () => this.#answer({ op: 'say', connection: connection.id })
  }

  async end(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const exit = once(this.#child, 'exit')
    this.#child.kill('SIGKILL')
    await exit
  }

  async #answer(order: Unnumbered<PeerOrder>): Promise<Answer> {
    const { answer } = await this.#tell(order)
    if (answer === undefined) throw new Error(`${this.name}: ${order.op} brought no answer`)
    return answer
  }

  #tell(order: Unnumbered<PeerOrder>): Promise<Extract<PeerReply, { ok: true }>> {
    const id = ++this.#ids
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, (reply) => {
        this.#waiting.delete(id)
        if (reply.ok) resolve(reply)
        else reject(Object.assign(new Error(`${this.name}: ${reply.message}`), { code: reply.code }))
      })
      this.#child.send({ ...order, id })
    })
  }
}
