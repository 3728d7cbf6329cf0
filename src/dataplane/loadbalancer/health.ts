/** What is known of a port of a node that answers health checks; `unknown` until the first answers are in. */
export type Health = 'unknown' | 'healthy' | 'unhealthy'

export type HealthOf = (address: string, port: number) => Health

/** A port that is to be asked. */
export interface Check {
  readonly address: string
  readonly port: number
  /** How long a healthy one is left alone. */
  readonly everyMs: number
}

/** Asks once. Resolves to whether all is well there; never rejects, and takes no longer than it may. */
export type Ask = (check: Check, signal: AbortSignal) => Promise<boolean>
