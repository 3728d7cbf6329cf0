/** Runs programs, in namespaces where told to. */
export interface Processes {
  /** Runs to the end and collects the output. Rejects with `CommandFailed` on a non-zero exit. */
  run(command: readonly [string, ...string[]], options?: RunOptions): Promise<{ stdout: string; stderr: string }>
}

export interface RunOptions {
  /** Path of a network namespace file, e.g. `/run/netns/portolan-edge`. */
  readonly netns?: string
  readonly input?: string
  readonly signal?: AbortSignal
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
