/** Lets what is done under one key be done one after the other, in the order in which it was asked for. */
export class Turns {
  readonly #ends = new Map<string, Promise<void>>()

  /** Resolves or rejects as the work does, which begins when all earlier work under the key has ended. */
  take<T>(key: string, work: () => Promise<T>): Promise<T> {
    const run = (this.#ends.get(key) ?? Promise.resolve()).then(work)
    const forget = () => {
      if (this.#ends.get(key) === end) this.#ends.delete(key)
    }
    const end = run.then(forget, forget)
    this.#ends.set(key, end)
    return run
  }
}
