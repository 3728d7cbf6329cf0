import type { Container, ContainerConfig, ExecResult } from './runtime.ts'

/** How containers of one image behave in the fake. */
export interface FakeProgram {
  /** Ends with this code as soon as it was started; runs until stopped when absent. */
  readonly exitsWith?: number | Told<number>
  /** Only SIGKILL ends it: `stopContainer` then yields 137 instead of `termExitCode`. */
  readonly ignoresTerm?: boolean
  /** The exit code after SIGTERM; 143 when absent. */
  readonly termExitCode?: number
  /** Answers `execSync`; exit code 0 without output when absent. */
  readonly exec?: (command: readonly string[], container: Container) => ExecResult | Promise<ExecResult>
  /** What starting it fails with, such as an executable that is not there: exited, code 128, `StartError`. */
  readonly startError?: string | Told<string>
}

/** What depends on how the container was configured. */
export type Told<T> = (config: ContainerConfig) => T | undefined

export function valueFor<T extends string | number>(
  value: T | Told<T> | undefined,
  config: ContainerConfig | undefined,
): T | undefined {
  return typeof value === 'function' ? config && value(config) : value
}
