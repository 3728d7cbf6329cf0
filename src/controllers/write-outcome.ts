import { isNamespaceTerminating } from './namespace-terminating.ts'

/** What became of a reconcile's writes; after `changed` the caches will show more than is known now. */
export type WriteOutcome = 'as wanted' | 'changed' | { readonly error: unknown }

/** `failures` are what writes threw. One that must fail because its namespace is going away is nothing to try again. */
export function outcomeOf(failures: readonly unknown[]): WriteOutcome {
  if (failures.length === 0) return 'changed'
  const [error] = failures.filter((failure) => !isNamespaceTerminating(failure))
  return error === undefined ? 'as wanted' : { error }
}

/** Waits for all of the writes; resolves to what those threw that failed. */
export async function failuresOf(writes: readonly Promise<unknown>[]): Promise<readonly unknown[]> {
  const results = await Promise.allSettled(writes)
  return results.flatMap((result) => (result.status === 'rejected' ? [result.reason] : []))
}
