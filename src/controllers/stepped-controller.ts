import type { ObjectKey } from '../api/object.ts'
import { ConnectionError } from '../client/client.ts'
import type { Controller } from '../client/controller.ts'
import type { LaggingServer } from './lagging-server.ts'

/**
 * A controller of which one key is reconciled when a test says so, one at a time as in the runner, and which can be
 * replaced by another life of it that remembers nothing.
 */
export class SteppedController {
  readonly #key: ObjectKey
  readonly #make: () => Controller
  #controller: Controller
  #unsubscribes: readonly (() => void)[] = []
  #life = new AbortController()
  #running: Promise<void> | undefined

  constructor(key: ObjectKey, make: () => Controller) {
    this.#key = key
    this.#make = make
    this.#controller = this.#begin()
  }

  /** Starts a reconcile, unless one is in progress. */
  step(): void {
    if (this.#running !== undefined) return
    const running = this.#reconcile().finally(() => {
      if (this.#running === running) this.#running = undefined
    })
    this.#running = running
  }

  /** Resolves when the reconcile that is in progress has ended. */
  async idle(): Promise<void> {
    await this.#running
  }

  /** What it has asked for and has not arrived yet never will. */
  restart(): void {
    this.#life.abort()
    for (const unsubscribe of this.#unsubscribes) unsubscribe()
    this.#running = undefined
    this.#life = new AbortController()
    this.#controller = this.#begin()
  }

  #begin(): Controller {
    const controller = this.#make()
    this.#unsubscribes = controller.wakesOn.map((source) => source.subscribe(() => {}))
    return controller
  }

  /** What the server refuses, and what is lost on the way, the runner tries again later. */
  async #reconcile(): Promise<void> {
    const { signal } = this.#life
    try {
      await this.#controller.reconcile(this.#key, signal)
    } catch (error) {
      if (signal.aborted || error instanceof ConnectionError) return
      if (!(error instanceof Error) || error.name !== 'StatusError') throw error
    }
  }
}

/** Lets a create take effect without its caller learning of it; the returned function does so to the next one. */
export function losingAnswers(server: LaggingServer): () => void {
  const create = server.create
  let isNextLost = false
  server.create = async (resource, draft, options) => {
    const object = await create(resource, draft, options)
    if (!isNextLost) return object
    isNextLost = false
    throw new ConnectionError('connection reset')
  }
  return () => (isNextLost = true)
}
