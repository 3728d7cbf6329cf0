import { isStatus, StatusError } from '../api/errors.ts'
import { ConnectionError, type Client } from '../client/client.ts'
import { type ClusterAccess, KubeconfigError, readKubeconfig } from '../client/kubeconfig.ts'
import { CommandFailed } from '../kernel/processes.ts'
import { type CliContext, UserError } from './context.ts'

/** What commands share that work with any Kubernetes API, by a kubeconfig. */

export interface ApiConnection {
  readonly client: Client
  close(): Promise<void>
}

type Command = readonly [string, ...string[]]

/** What one of the options says that there must be. */
export function required(value: string | undefined, what: string): string {
  if (value === undefined || value === '') throw new UserError(`give ${what}`)
  return value
}

/** How to reach the API, by the user's file. Throws `UserError`. */
export async function accessOf(file: string, context: string | undefined): Promise<ClusterAccess> {
  try {
    return await readKubeconfig(file, context)
  } catch (error) {
    throw error instanceof KubeconfigError ? new UserError(error.message, { cause: error }) : error
  }
}

/** `command` is to run the program and do nothing else. */
export async function requireProgram({ processes }: CliContext, command: Command, debianPackage: string): Promise<void> {
  const [program] = command
  try {
    await processes.run(command)
  } catch (error) {
    if (!(error instanceof CommandFailed) || error.exitCode !== 127) throw error
    throw new UserError(`needs the program ${program}: install the package ${debianPackage}`, { cause: error })
  }
}

/** What goes wrong with a request, in the terms of who started the proxy. */
export async function explained<Result>(server: string, file: string, ask: () => Promise<Result>): Promise<Result> {
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
