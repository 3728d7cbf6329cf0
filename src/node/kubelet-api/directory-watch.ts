import { watch } from 'node:fs'

/** How long to wait at most for a sign of change before looking again. */
const lookAgainMs = 1000

/** Tells that something happened in a directory. What happens between two waits is not missed. */
export class DirectoryWatch implements Disposable {
  readonly #watcher
  readonly #signal: AbortSignal
  #changed = Promise.withResolvers<void>()

  constructor(directory: string, signal: AbortSignal) {
    this.#signal = signal
    this.#watcher = watch(directory, this.#notice)
    // A directory that vanishes is found out by who reads in it.
    this.#watcher.on('error', this.#notice)
    signal.addEventListener('abort', this.#notice, { once: true })
  }

  readonly #notice = () => this.#changed.resolve()

  /** Resolves when something has happened since the last time, the signal aborts, or a while is over. */
  async next(): Promise<void> {
    const timer = setTimeout(this.#notice, lookAgainMs)
    await this.#changed.promise
    clearTimeout(timer)
    this.#changed = Promise.withResolvers()
    if (this.#signal.aborted) this.#notice()
  }

  [Symbol.dispose](): void {
    this.#watcher.close()
    this.#signal.removeEventListener('abort', this.#notice)
  }
}
