/** What one producer pushes and one consumer iterates over: nothing is lost between two reads. */
export class PushQueue<T> implements AsyncIterable<T> {
  readonly #items: T[] = []
  #end: 'open' | 'closed' | Error = 'open'
  #wake = Promise.withResolvers<void>()

  push(item: T): void {
    this.#items.push(item)
    this.#wake.resolve()
  }

  /** Ends the iteration after what was pushed before. The first of `close` and `fail` counts. */
  close(): void {
    if (this.#end === 'open') this.#end = 'closed'
    this.#wake.resolve()
  }

  /** As `close`, but the iteration ends by throwing. */
  fail(error: Error): void {
    if (this.#end === 'open') this.#end = error
    this.#wake.resolve()
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T> {
    for (;;) {
      for (let item = this.#items.shift(); item !== undefined; item = this.#items.shift()) yield item
      if (this.#end instanceof Error) throw this.#end
      if (this.#end === 'closed') return
      await this.#wake.promise
      this.#wake = Promise.withResolvers()
    }
  }
}
