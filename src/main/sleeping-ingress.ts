import { keyOf } from '../api/object.ts'
import { isOurs } from '../dataplane/ingress/classes.ts'
import { runtimeSocketsIn } from '../dataplane/ingress/runtime-sockets.ts'
import type { OnApplied } from './applied-by-all.ts'
import type { IngressRunDeps, RunningIngress } from './ingress-runner.ts'

/** The ingress of a cluster in which there may never be one: it loads nothing before there is an Ingress to serve. */
export class SleepingIngress {
  readonly #deps: IngressRunDeps
  #running: RunningIngress | undefined
  #onAwake: ((running: RunningIngress) => void)[] = []

  constructor(deps: IngressRunDeps) {
    this.#deps = deps
  }

  /** While it sleeps there is nothing to follow, and so it follows everything. */
  readonly onApplied: OnApplied = (listener) => {
    const unsubscribe = this.#deps.slices.onChange((previous, next) => {
      const slice = next ?? previous
      if (slice !== undefined) listener(new Map([[keyOf(slice), next?.metadata.resourceVersion]]))
    })
    this.#onAwake.push((running) => {
      unsubscribe()
      running.proxy.onApplied(listener)
    })
  }

  /** Until the signal aborts and everything has ended. */
  async run(): Promise<void> {
    await this.#needed()
    if (this.#deps.signal.aborted) return
    const { runIngress } = await import('./ingress-runner.ts')
    this.#running = runIngress(this.#deps)
    for (const tell of this.#onAwake) tell(this.#running)
    await this.#running.ended
  }

  /** Resolves when there is an Ingress to serve, or a HAProxy of an earlier life to end, or when the signal aborts. */
  async #needed(): Promise<void> {
    const { ingresses, classes, signal, settings } = this.#deps
    if ((await runtimeSocketsIn(settings.directory)).length > 0) return
    const { promise, resolve } = Promise.withResolvers<void>()
    const look = () => {
      const all = classes.list()
      if (classes.hasSynced && ingresses.list().some((ingress) => isOurs(ingress, all))) resolve()
    }
    const ends = [ingresses.onChange(look), classes.onChange(look)]
    void classes.synced.then(look)
    signal.addEventListener('abort', () => resolve(), { once: true })
    if (signal.aborted) resolve()
    return promise.finally(() => ends.forEach((end) => end()))
  }
}
