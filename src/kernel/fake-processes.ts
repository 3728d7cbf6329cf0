import { CommandFailed, type Processes, type RunOptions } from './processes.ts'

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
 * Runs nothing: `answer` says how each command ends, and the calls are kept in order. As with the real ones, a
 * non-zero exit rejects with `CommandFailed`, and an aborted call with the signal's reason.
 */
export class FakeProcesses implements Processes {
  readonly calls: FakeCall[] = []
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
}
