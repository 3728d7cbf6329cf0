import { CommandFailed, type Processes } from '../../kernel/processes.ts'
import type { Ran } from '../../tour/run-tour.ts'

export interface ShellDeps {
  readonly processes: Processes
  /** Where commands are run. */
  readonly projectFolder: string
  readonly longestMs: number
}

const exitCodeLine = /\n(\d+)\n$/

/**
 * Runs a command as a user types it. The shell and all that it starts are killed when their time is over, and told to end when
 * the signal aborts.
 */
export async function inShell({ processes, projectFolder, longestMs }: ShellDeps, command: string, signal?: AbortSignal): Promise<Ran> {
  const script = '(cd "$1" && eval "$2") 2>&1; printf "\\n%d\\n" $?'
  const within = ['timeout', '--signal=KILL', `${longestMs / 1_000}`] as const
  try {
    const { stdout } = await processes.run([...within, 'sh', '-c', script, 'sh', projectFolder, command], { ownGroup: true, ...(signal !== undefined && { signal }) })
    return { output: stdout.replace(exitCodeLine, ''), exitCode: Number(exitCodeLine.exec(stdout)?.[1]) }
  } catch (error) {
    // The shell ends with 0 whatever the command does; `timeout` kills itself with it.
    if (!(error instanceof CommandFailed) || error.exitCode !== null) throw error
    return { output: '', exitCode: 1, ranOutOfTime: true }
  }
}
