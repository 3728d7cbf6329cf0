/**
 * What one probe comes to, as upstream's `probe.Result`: a warning counts as a success, and what is unknown, because the
 * probe itself could not be done, not at all.
 */
export type ProbeOutcome = { readonly result: 'success' } | Trouble

export interface Trouble {
  readonly result: 'warning' | 'failure' | 'unknown'
  readonly message: string
}

export const success: ProbeOutcome = { result: 'success' }

export function failure(message: string): ProbeOutcome {
  return { result: 'failure', message }
}
