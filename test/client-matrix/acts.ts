import type { KubectlSession } from '../kubectl-session.ts'

/** Something that a user does. Acts build on one another, in order. */
export interface Act {
  readonly name: string
  /** With every kubectl, not only the newest and the oldest. */
  readonly core?: boolean
  /** The first and the last minor version that can. */
  readonly from?: number
  readonly until?: number
  /** `pod` is the first of `kubia`. Rejects unless all is as it must be. */
  perform(session: KubectlSession, pod: string): Promise<void>
}

export function isFor({ core = false, from = 0, until = Infinity }: Act, minor: number, whole: boolean): boolean {
  return (whole || core) && minor >= from && minor <= until
}
