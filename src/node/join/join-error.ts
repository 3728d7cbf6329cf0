/** Why a machine cannot join, in a sentence that says what to do. */
export class JoinError extends Error {
  override readonly name = 'JoinError'
}
