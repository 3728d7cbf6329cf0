import type { Store } from '../../storage/store.ts'
import type { HealthCheck, HealthPath } from './health.ts'

const everywhere: readonly HealthPath[] = ['healthz', 'livez', 'readyz']

/** Something that is done once while the server starts. */
export class StartHook {
  readonly name: string
  #isDone = false

  constructor(name: string) {
    this.name = name
  }

  done(): void {
    this.#isDone = true
  }

  get isDone(): boolean {
    return this.#isDone
  }
}

export interface CheckedParts {
  readonly store: Store
  /** In the order in which they are shown. */
  readonly startHooks: readonly StartHook[]
  /** The caches of the server's own controllers by what they hold; none until these are started. */
  readonly caches: ReadonlyMap<string, { readonly hasSynced: boolean }>
  /** Aborts when the server begins to end. */
  readonly end: AbortSignal
}

/** Named as upstream's, whose clients ask for some of them by name; `etcd` is the store, whatever it is. */
export function healthChecks({ store, startHooks, caches, end }: CheckedParts): readonly HealthCheck[] {
  return [
    { name: 'ping', paths: everywhere, check: () => {} },
    { name: 'etcd', paths: everywhere, check: () => store.probe('read') },
    // A server that cannot write still answers: to start it again would help nobody.
    { name: 'etcd-readiness', paths: ['readyz'], check: () => store.probe('write') },
    { name: 'informer-sync', paths: ['readyz'], check: () => checkCaches(caches) },
    ...startHooks.map(
      (hook): HealthCheck => ({ name: `poststarthook/${hook.name}`, paths: everywhere, check: () => checkDone(hook) }),
    ),
    { name: 'shutdown', paths: ['readyz'], check: () => checkRunning(end) },
  ]
}

function checkCaches(caches: CheckedParts['caches']): void {
  if (caches.size === 0) throw new Error('controllers have not been started')
  const waiting = [...caches].filter(([, { hasSynced }]) => !hasSynced).map(([name]) => name)
  if (waiting.length > 0) throw new Error(`${waiting.length} informers not started yet: [${waiting.join(' ')}]`)
}

function checkDone({ isDone }: StartHook): void {
  if (!isDone) throw new Error('not finished')
}

function checkRunning(end: AbortSignal): void {
  if (end.aborted) throw new Error('process is shutting down')
}
