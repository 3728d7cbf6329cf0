import { TraceError } from './trace-error.ts'

/** What a program that runs has written so far, for those who wait until something in it can be found. */
export class Heard {
  #text = ''
  #end: string | undefined
  readonly #waiting = new Set<() => void>()

  get text(): string {
    return this.#text
  }

  hear(piece: string): void {
    this.#text += piece
    this.#wake()
  }

  /** Nothing more will come, for this reason. */
  end(reason: string): void {
    this.#end ??= reason
    this.#wake()
  }

  /** Resolves to what is found first in all that was written. Rejects with `TraceError` when nothing more will come, and when aborted. */
  until<T>(find: (text: string) => T | undefined, signal: AbortSignal): Promise<T> {
    return new Promise((resolve, reject) => {
      const settle = (end: () => void) => {
        this.#waiting.delete(look)
        signal.removeEventListener('abort', abort)
        end()
      }
      const abort = () => settle(() => reject(signal.reason))
      const look = () => {
        const found = find(this.#text)
        if (found !== undefined) settle(() => resolve(found))
        else if (this.#end !== undefined) settle(() => reject(new TraceError(this.#end)))
      }
      this.#waiting.add(look)
      signal.addEventListener('abort', abort, { once: true })
      if (signal.aborted) abort()
      else look()
    })
  }

  #wake(): void {
    for (const look of this.#waiting) look()
  }
}
