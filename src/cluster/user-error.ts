/** Something the user can put right. The message is one sentence that says what is wrong and what to do. */
export class UserError extends Error {
  override readonly name: string = 'UserError'
}
