/** What keeps a connection from being traced, in a sentence that says what to do. */
export class TraceError extends Error {
  override readonly name = 'TraceError'
}
