import { connect, type Socket } from 'node:net'

/** HAProxy did not do what it was told. */
export class RuntimeError extends Error {
  override readonly name = 'RuntimeError'
}

/** What the process says of itself with `show info`. */
export interface HaproxyInfo {
  readonly pid: number
  /** Of clients, open now. */
  readonly connections: number
}

const prompt = '\n> '
/** Severities as of syslog: an error or worse. Changed addresses are told as warnings. */
const complaint = /^\[[0-3]\]: *(.*)$/m
const longestWaitMs = 10_000

/**
 * A conversation with a running HAProxy over its runtime socket: one command after the other, each with its answer.
 * Ends with the connection, which HAProxy closes after a minute without commands.
 */
export class RuntimeSession implements Disposable {
  readonly #socket: Socket
  #received = ''
  #answered: PromiseWithResolvers<string> | undefined

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.setEncoding('utf8').on('data', (piece: string) => this.#onData(piece))
    socket.on('close', () => this.#answered?.reject(new RuntimeError('HAProxy closed its runtime socket')))
    socket.on('error', (error) => this.#answered?.reject(error))
    socket.setTimeout(longestWaitMs, () => socket.destroy())
  }

  /** Rejects if nobody listens. */
  static async open(path: string): Promise<RuntimeSession> {
    const socket = connect(path)
    await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject))
    const session = new RuntimeSession(socket)
    await session.#send('prompt')
    await session.#send('set severity-output number')
    return session
  }

  /** Resolves to what HAProxy says; rejects with `RuntimeError` if it says that it cannot. */
  async command(line: string): Promise<string> {
    const answer = await this.#send(line)
    const [, problem] = complaint.exec(answer) ?? []
    if (problem !== undefined) throw new RuntimeError(`${line.split('\n')[0]}: ${problem}`)
    return answer
  }

  async info(): Promise<HaproxyInfo> {
    const answer = await this.command('show info')
    const number = (name: string) => Number(new RegExp(`^${name}: (\\d+)$`, 'm').exec(answer)?.[1])
    return { pid: number('Pid'), connections: number('CurrConns') }
  }

  [Symbol.dispose](): void {
    this.#socket.on('error', () => {}).destroy()
  }

  #send(line: string): Promise<string> {
    this.#received = ''
    this.#answered = Promise.withResolvers()
    this.#socket.write(`${line}\n`)
    return this.#answered.promise
  }

  #onData(piece: string): void {
    this.#received += piece
    if (!this.#received.endsWith(prompt)) return
    this.#answered?.resolve(this.#received.slice(0, -prompt.length))
  }
}

/** A payload ends with an empty line, so it must not have one. */
export function payload(text: string): string {
  return `<<\n${text.replace(/\n+/g, '\n').trimEnd()}\n`
}

/** A word of a command. */
export function word(text: string): string {
  return text.replace(/[\\; ]/g, '\\$&')
}
