import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Kubectl } from './kubectls.ts'
import { eventually, type Output } from './test-cluster.ts'

/** A command that takes longer hangs, in milliseconds. */
const commandTimeoutMs = 40_000

export interface CommandOptions {
  /** What the command reads; nothing if absent. */
  readonly input?: string | Buffer
  readonly environment?: Readonly<Record<string, string>>
}

/** One kubectl at work in a namespace of its own. */
export class KubectlSession {
  readonly kubectl: Kubectl
  readonly namespace: string
  readonly #environment: NodeJS.ProcessEnv

  constructor(kubectl: Kubectl, namespace: string, environment: NodeJS.ProcessEnv) {
    this.kubectl = kubectl
    this.namespace = namespace
    this.#environment = environment
  }

  /** Runs a command to its end, whatever its exit code. */
  async run(args: readonly string[], options: CommandOptions = {}): Promise<Output> {
    const child = this.start(args, options.environment)
    child.process.stdin.end(options.input ?? '')
    const code = await child.end()
    return { code, stdout: child.stdout(), stderr: child.stderr() }
  }

  /** Runs a command that must succeed; resolves to what it printed. */
  async ok(...args: string[]): Promise<string> {
    return this.feed('', ...args)
  }

  /** The same with an input. */
  async feed(input: string | Buffer, ...args: string[]): Promise<string> {
    const { code, stdout, stderr } = await this.run(args, { input })
    if (code === 0) return stdout
    throw new Error(`kubectl ${args.join(' ')}: exit code ${code}\n${stdout}${stderr}`)
  }

  /** Starts a command that goes on. */
  start(args: readonly string[], environment: Readonly<Record<string, string>> = {}): RunningCommand {
    return new RunningCommand(this.kubectl.path, ['--namespace', this.namespace, ...args], { ...this.#environment, ...environment })
  }

  /** Starts a command on a terminal of its own; `stdout` is its screen. The terminal's path is the screen's first line. */
  startOnTerminal(args: readonly string[]): RunningCommand {
    const words = [this.kubectl.path, '--namespace', this.namespace, ...args].map((word) => `'${word}'`)
    const command = `stty rows 33 cols 101; tty; ${words.join(' ')}`
    return new RunningCommand('script', ['--quiet', '--flush', '--return', '--command', command, '/dev/null'], {
      ...this.#environment,
      SHELL: '/bin/sh',
      TERM: 'dumb',
    })
  }
}

/** A process whose output is looked at while it runs. Disposing of it ends it. */
export class RunningCommand implements AsyncDisposable {
  readonly process: ChildProcessWithoutNullStreams
  readonly #line: string
  readonly #ended: Promise<unknown>
  #stdout: Buffer[] = []
  #stderr = ''

  constructor(program: string, args: readonly string[], environment: NodeJS.ProcessEnv) {
    this.#line = `${program} ${args.join(' ')}`
    this.process = spawn(program, args, { env: environment })
    this.process.stdout.on('data', (chunk: Buffer) => this.#stdout.push(chunk))
    this.process.stderr.setEncoding('utf8').on('data', (chunk: string) => (this.#stderr += chunk))
    // A command that has ended does not read the rest of its input.
    this.process.stdin.on('error', () => {})
    this.#ended = once(this.process, 'close')
  }

  stdout(): string {
    return this.bytes().toString()
  }

  bytes(): Buffer {
    return Buffer.concat(this.#stdout)
  }

  stderr(): string {
    return this.#stderr
  }

  type(text: string): void {
    this.process.stdin.write(text)
  }

  /** Resolves to the match, once the output has it. */
  async says(pattern: RegExp, where: 'stdout' | 'stderr' = 'stdout'): Promise<RegExpExecArray> {
    const text = () => (where === 'stdout' ? this.stdout() : this.stderr())
    try {
      return await eventually(`${pattern} from ${this.#line}`, async () => pattern.exec(text()) ?? undefined, commandTimeoutMs)
    } catch (error) {
      throw new Error(`${this.stdout()}${this.stderr()}`, { cause: error })
    }
  }

  /** Resolves to the exit code. A command that does not end is killed, and rejects. */
  async end(): Promise<number> {
    let hangs = false
    const timer = setTimeout(() => {
      hangs = true
      this.process.kill('SIGKILL')
    }, commandTimeoutMs)
    await this.#ended
    clearTimeout(timer)
    if (hangs) throw new Error(`${this.#line} did not end\n${this.stdout()}${this.stderr()}`)
    return this.process.exitCode ?? 128
  }

  /** Ends it as Ctrl-C does. */
  async interrupt(): Promise<number> {
    this.process.kill('SIGINT')
    return this.end()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.process.kill('SIGKILL')
    await this.#ended
  }
}
