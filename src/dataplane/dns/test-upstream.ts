import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { decode, encode, type Answer, type Packet } from 'dns-packet'
import { Frames, frame } from './frames.ts'

/** A name server on loopback that answers each name with what it was given, over both transports. */
export class TestUpstream implements AsyncDisposable {
  readonly asked: string[] = []
  readonly #answers: Readonly<Record<string, readonly Answer[] | 'silence' | 'wrong id'>>
  readonly #udp = createSocket('udp4')
  readonly #tcp = createServer()

  constructor(answers: Readonly<Record<string, readonly Answer[] | 'silence' | 'wrong id'>>) {
    this.#answers = answers
  }

  /** Resolves to `address:port`. */
  async listen(): Promise<string> {
    this.#udp.bind({ address: '127.0.0.1', port: 0 })
    await once(this.#udp, 'listening')
    const { port } = this.#udp.address()
    this.#tcp.listen({ host: '127.0.0.1', port })
    await once(this.#tcp, 'listening')
    this.#udp.on('message', (packet, from) => {
      const answer = this.#answer(packet, 'udp')
      if (answer !== undefined) this.#udp.send(answer, from.port, from.address)
    })
    this.#tcp.on('connection', (socket) => {
      const frames = new Frames()
      socket.on('data', (piece: Buffer) => {
        for (const packet of frames.push(piece)) {
          const answer = this.#answer(packet, 'tcp')
          if (answer !== undefined) socket.end(frame(answer))
        }
      })
    })
    return `127.0.0.1:${port}`
  }

  #answer(packet: Buffer, transport: string): Buffer | undefined {
    const query = decode(packet)
    const [question] = query.questions ?? []
    const name = question?.name ?? ''
    this.asked.push(`${transport} ${question?.type} ${name}`)
    const answers = this.#answers[name.toLowerCase()]
    if (answers === 'silence') return undefined
    const id = (query.id ?? 0) + (answers === 'wrong id' ? 1 : 0)
    const response: Packet = { type: 'response', id: id & 0xffff, questions: query.questions ?? [] }
    // The response code is the last four bits of the flags.
    if (answers === undefined || answers === 'wrong id') return encode({ ...response, flags: 3 })
    return encode({ ...response, answers: answers.filter(({ type }) => type === question?.type || type === 'CNAME') })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#udp.close()
    await new Promise((resolve) => this.#tcp.close(resolve))
  }
}
