/** What all clients together have not read yet of answers that go on. */
export class UnreadBytes {
  readonly #max: number
  /** A client with no more than this unread is never to blame for the others. */
  readonly #harmless: number
  #total = 0

  constructor(max: number, harmless = 1024 * 1024) {
    this.#max = max
    this.#harmless = harmless
  }

  /** One more client. */
  add(): UnreadOf {
    let counted = 0
    return {
      count: (bytes) => {
        this.#total += bytes - counted
        counted = bytes
      },
      isTooMuch: () => this.#total > this.#max && counted > this.#harmless,
    }
  }
}

export interface UnreadOf {
  /** Says how much it has unread now; 0 when it has left. */
  count(bytes: number): void
  /** Whether all together is too much, and this client has a part in it. */
  isTooMuch(): boolean
}
