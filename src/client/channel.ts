/**
 * A queue between one producer that pushes and one consumer that iterates. Nothing is lost: what was pushed before
 * `end` or `fail` is still yielded, then the iteration returns or throws. `onReturn` is called once, when the consumer
 * leaves the loop or the channel has run out.
 */
export class Channel<T> implements AsyncIterableIterator<T, undefined> {
  readonly #items: T[] = []
  readonly #onReturn: () => void
  #closed: { readonly error?: unknown } | undefined
  #returned = false
  #wake: (() => void) | undefined

  constructor(onReturn: () => void = () => {}) {
    this.#onReturn = onReturn
  }

  /** How many items wait to be taken. */
  get size(): number {
    return this.#items.length
  }

  push(item: T): void {
    if (this.#closed !== undefined) return
    this.#items.push(item)
    this.#wake?.()
  }

  end(): void {
    this.#close({})
  }

  fail(error: unknown): void {
    this.#close({ error })
  }

  async next(): Promise<IteratorResult<T, undefined>> {
    while (this.#items.length === 0 && this.#closed === undefined) {
      const { promise, resolve } = Promise.withResolvers<void>()
      this.#wake = resolve
      await promise
    }
    const closed = this.#closed
    if (this.#items.length > 0) return { done: false, value: this.#items.shift() as T }
    const ended = this.#returned
    this.#leave()
    if (!ended && closed !== undefined && 'error' in closed) throw closed.error
    return { done: true, value: undefined }
  }

  async return(): Promise<IteratorResult<T, undefined>> {
    this.#items.length = 0
    this.#close({})
    this.#leave()
    return { done: true, value: undefined }
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  #close(how: { readonly error?: unknown }): void {
    this.#closed ??= how
    this.#wake?.()
  }

  #leave(): void {
    if (this.#returned) return
    this.#returned = true
    this.#onReturn()
  }
}
