import { isStatus, StatusError } from '../api/errors.ts'
import { ConnectionError, type Client } from '../client/client.ts'
import { type ClusterAccess, KubeconfigError, readKubeconfig } from '../client/kubeconfig.ts'
import { CommandFailed } from '../kernel/processes.ts'
import { type CliContext, UserError } from './context.ts'

/** Options of commands that work with any Kubernetes API. */
export interface ApiOptions {
  readonly kubeconfig?: string
  readonly context?: string
}

export interface ApiConnection {
  readonly client: Client
  close(): Promise<void>
}

/** An API, and the file in which the user has named it. */
export interface NamedApi {
  readonly access: ClusterAccess
  readonly file: string
}

/** Throws `UserError`. */
export async function apiOf({ kubeconfig, context }: ApiOptions): Promise<NamedApi> {
  const file = required(kubeconfig, '--kubeconfig FILE, how to reach the API')
  try {
    return { access: await readKubeconfig(file, context), file }
  } catch (error) {
    throw error instanceof KubeconfigError ? new UserError(error.message, { cause: error }) : error
  }
}

/** Throws `UserError` for an option that is missing. */
export function required(value: string | undefined, what: string): string {
  if (value === undefined || value === '') throw new UserError(`give ${what}`)
  return value
}

/** `command` is to run the program and do nothing else. */
export async function requireProgram(
  { processes }: CliContext,
  command: readonly [string, ...string[]],
  debianPackage: string,
): Promise<void> {
  const [program] = command
  try {
    await processes.run(command)
  } catch (error) {
    if (!(error instanceof CommandFailed) || error.exitCode !== 127) throw error
    throw new UserError(`needs the program ${program}: install the package ${debianPackage}`, { cause: error })
  }
}

/** What goes wrong with a request, in the terms of who started the command. */
export async function explained<Result>({ access: { server }, file }: NamedApi, ask: () => Promise<Result>): Promise<Result> {
  try {
    return await ask()
  } catch (error) {
    if (error instanceof ConnectionError) throw new UserError(`the API cannot be reached: ${error.message}`, { cause: error })
    if (isStatus(error, 'Unauthorized')) {
      throw new UserError(`the API at ${server} does not accept the credentials in ${file}`, { cause: error })
    }
    if (error instanceof StatusError) throw new UserError(`the API at ${server} refuses: ${error.message}`, { cause: error })
    throw error
  }
}
