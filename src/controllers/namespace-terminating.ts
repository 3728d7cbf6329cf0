import { StatusError } from '../api/errors.ts'

/** Whether a create was refused because its namespace is going away: nothing can be made there any more. */
export function isNamespaceTerminating(error: unknown): boolean {
  if (!(error instanceof StatusError)) return false
  return error.status.details?.causes?.some(({ reason }) => reason === 'NamespaceTerminating') ?? false
}

/** Runs a write; being refused for that reason is not a failure. */
export async function unlessNamespaceTerminates(write: () => Promise<void>): Promise<void> {
  try {
    await write()
  } catch (error) {
    if (!isNamespaceTerminating(error)) throw error
  }
}
