import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { decode, encode, type Answer, type Packet } from 'dns-packet'
import { Frames, frame } from '../frames.ts'

/** What a name gets: records, an error, or something that is no answer to the question. */
export type TestAnswer = readonly Answer[] | 'silence' | 'wrong id' | 'another question' | 'server failure' | 'refused' | 'no octets'

/** A name server that answers each name with what it was given, over both transports. */
export class TestUpstream implements AsyncDisposable {
  /** `udp A api.somecompany.com`, in order. Health checks, which ask for the root, are left out. */
  readonly asked: string[] = []
  healthChecks = 0
  /** What names get; may be changed at any time. Those that are not here are said not to be there. */
  readonly answers: Record<string, TestAnswer>
  /** `address:port`, once it listens. */
  at = ''
  readonly #soa: Answer | undefined
  readonly #udp = createSocket('udp4')
  readonly #tcp = createServer()
  readonly #connections = new Set<Socket>()

  constructor(answers: Readonly<Record<string, TestAnswer>>, given: { soa?: Answer } = {}) {
    this.answers = { ...answers }
    this.#soa = given.soa
  }

  /** Resolves to `address:port`. On loopback, and on a free port, unless told otherwise. */
  async listen({ address = '127.0.0.1', port = 0 }: { address?: string; port?: number } = {}): Promise<string> {
    const bound = await this.#bind(address, port)
    this.#udp.on('message', (packet, from) => {
      const answer = this.#answer(packet, 'udp')
      if (answer !== undefined) this.#udp.send(answer, from.port, from.address)
    })
    this.#tcp.on('connection', (socket) => this.#serve(socket))
    this.at = `${address}:${bound}`
    return this.at
  }

  /** The same port over both. One that is free over TCP may be taken over UDP, by a question on its way: then another. */
  async #bind(address: string, port: number): Promise<number> {
    for (;;) {
      await once(this.#tcp.listen({ host: address, port }), 'listening')
      const { port: bound } = this.#tcp.address() as AddressInfo
      try {
        const listening = once(this.#udp, 'listening')
        this.#udp.bind({ address, port: bound })
        await listening
        return bound
      } catch (error) {
        if (port !== 0 || (error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error
        await new Promise((closed) => this.#tcp.close(closed))
      }
    }
  }

  #serve(socket: Socket): void {
    const frames = new Frames()
    this.#connections.add(socket)
    socket.on('close', () => this.#connections.delete(socket))
    socket.on('data', (piece: Buffer) => {
      for (const packet of frames.push(piece)) {
        const answer = this.#answer(packet, 'tcp')
        if (answer !== undefined) socket.end(frame(answer))
      }
    })
  }

  #answer(packet: Buffer, transport: 'udp' | 'tcp'): Buffer | undefined {
    const query = decode(packet)
    const [question] = query.questions ?? []
    const name = question?.name ?? ''
    if (name === '.' || name === '') this.healthChecks += 1
    else this.asked.push(`${transport} ${question?.type} ${name}`)
    const answers = this.answers[name.toLowerCase()]
    const response: Packet = { type: 'response', id: query.id ?? 0, questions: query.questions ?? [] }
    switch (answers) {
      case 'silence':
        return undefined
      case 'no octets':
        return Buffer.alloc(0)
      case 'wrong id':
        return encode({ ...response, id: ((query.id ?? 0) + 1) & 0xffff })
      case 'another question':
        return encode({ ...response, questions: [{ type: 'A', name: 'another.example' }] })
      case 'server failure':
        return encode({ ...response, flags: 2 })
      case 'refused':
        return encode({ ...response, flags: 5 })
      default:
        return this.#fitting(response, answers, transport)
    }
  }

  /** Over UDP no more than 1232 octets: the answer to longer ones is cut. */
  #fitting(response: Packet, all: readonly Answer[] | undefined, transport: 'udp' | 'tcp'): Buffer {
    const [question] = response.questions ?? []
    const answers = (all ?? []).filter(({ type }) => type === question?.type || type === 'CNAME')
    const authorities = answers.length === 0 && this.#soa !== undefined ? [this.#soa] : []
    // The response code is the last four bits of the flags.
    const whole = encode({ ...response, answers, authorities, flags: all === undefined ? 3 : 0 })
    return transport === 'udp' && whole.length > 1232 ? encode({ ...response, flags: 0x0200 }) : whole
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const connection of this.#connections) connection.destroy()
    await Promise.all([
      new Promise<void>((resolve) => {
        this.#udp.close(resolve)
      }),
      new Promise<void>((resolve) => {
        this.#tcp.close(() => resolve())
      }),
    ])
  }
}
