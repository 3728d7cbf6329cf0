/** Runs programs, in namespaces where told to. */
export interface Processes {
  /** Runs to the end and collects the output. Rejects with `CommandFailed` on a non-zero exit. */
  run(command: readonly [string, ...string[]], options?: RunOptions): Promise<{ stdout: string; stderr: string }>
}

/** Starts programs that last, in namespaces where told to. */
export interface LastingProcesses {
  /** What the program writes to its standard output is dropped unless `onStdout` is given. */
  start(command: readonly [string, ...string[]], options?: StartOptions): RunningProcess
}

export interface RunOptions {
  /** Path of a network namespace file, e.g. `/run/netns/portolan-edge`. */
  readonly netns?: string
  readonly input?: string
  readonly signal?: AbortSignal
  /** The program and all that it starts are a process group of their own, which the signal ends as a whole. */
  readonly ownGroup?: boolean
}

export interface StartOptions {
  readonly netns?: string
  /** Working directory; that of this process unless given. */
  readonly directory?: string
  /** Set in its environment on top of that of this process. */
  readonly environment?: Readonly<Record<string, string>>
  /** Told every piece of its standard output, in order. */
  readonly onStdout?: (piece: string) => void
  /** Told every piece of its standard error, in order. */
  readonly onStderr?: (piece: string) => void
}

/** A program whose input is a pipe from this process, and so ends when this process does, however that ends. */
export interface RunningProcess {
  /**
   * Resolves to the exit code, null after a signal, when it has ended and all that it said was told. A program that
   * could not be started has ended with 127 and its standard error says why.
   */
  readonly ended: Promise<number | null>
  /** What is written to a program that has ended is lost. */
  write(input: string): void
  endInput(): void
  /** By SIGKILL. */
  kill(): void
}

export class CommandFailed extends Error {
  override readonly name = 'CommandFailed'
  readonly exitCode: number | null
  readonly stderr: string
  constructor(command: readonly string[], exitCode: number | null, stderr: string) {
    super(`${command.join(' ')}: exit ${exitCode ?? 'by signal'}: ${stderr.trim()}`)
    this.exitCode = exitCode
    this.stderr = stderr
  }
}
