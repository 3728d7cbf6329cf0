import {
  CommandFailed,
  type LastingProcesses,
  type Processes,
  type RunningProcess,
  type RunOptions,
  type StartOptions,
} from './processes.ts'

export interface FakeCall extends RunOptions {
  readonly command: readonly string[]
}

export interface FakeEnd {
  readonly stdout?: string
  readonly stderr?: string
  /** 0 unless given. */
  readonly exitCode?: number | null
}

/**
 * Runs nothing: `answer` says how each command ends, and the calls are kept in order, as are the programs started. As
 * with the real ones, a non-zero exit rejects with `CommandFailed`, and an aborted call with the signal's reason.
 */
export class FakeProcesses implements Processes, LastingProcesses {
  readonly calls: FakeCall[] = []
  readonly started: FakeRunningProcess[] = []
  readonly #answer: (call: FakeCall) => FakeEnd

  constructor(answer: (call: FakeCall) => FakeEnd = () => ({})) {
    this.#answer = answer
  }

  async run(command: readonly [string, ...string[]], options: RunOptions = {}) {
    options.signal?.throwIfAborted()
    const call = { ...options, command }
    this.calls.push(call)
    const { stdout = '', stderr = '', exitCode = 0 } = this.#answer(call)
    if (exitCode !== 0) throw new CommandFailed(command, exitCode, stderr)
    return { stdout, stderr }
  }

  start(command: readonly [string, ...string[]], options: StartOptions = {}): FakeRunningProcess {
    const started = new FakeRunningProcess(command, options)
    this.started.push(started)
    return started
  }
}

/** Does what the test makes it do; ends with 0 when its input ends, and by signal when it is killed. */
export class FakeRunningProcess implements RunningProcess {
  readonly command: readonly string[]
  readonly options: StartOptions
  readonly #end = Promise.withResolvers<number | null>()
  readonly ended = this.#end.promise
  /** What was written to it so far. */
  input = ''

  constructor(command: readonly string[], options: StartOptions) {
    this.command = command
    this.options = options
  }

  /** As if it wrote to its standard error. */
  say(piece: string): void {
    this.options.onStderr?.(piece)
  }

  end(exitCode: number | null): void {
    this.#end.resolve(exitCode)
  }

  write(input: string): void {
    this.input += input
  }

  endInput(): void {
    this.end(0)
  }

  kill(): void {
    this.end(null)
  }
}
