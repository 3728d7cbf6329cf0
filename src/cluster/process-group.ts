import type { ProcessState } from './state.ts'
import { type Handover, type ProcessSpec, SupervisedProcess, type SupervisedDeps } from './supervised-process.ts'

/** The processes of a cluster by name, of which some may be started and stopped while others run. */
export class ProcessGroup {
  readonly #deps: SupervisedDeps
  #isClosed = false
  readonly #members = new Map<string, { readonly process: SupervisedProcess; readonly run: Promise<void> }>()

  constructor(deps: SupervisedDeps) {
    this.#deps = deps
  }

  /** Those that were started, stopped ones included, in the order of their first start. */
  get states(): readonly ProcessState[] {
    return [...this.#members.values()].map(({ process }) => process.state)
  }

  /**
   * Starts a process, in the place of a stopped one of its name. `ready` resolves when it does its work, and rejects if
   * it ends before; `failed` rejects if it never comes to that, and is silent if it was stopped.
   */
  start(spec: ProcessSpec): { readonly ready: Promise<void>; readonly failed: Promise<never> } {
    if (this.#isClosed) throw new Error('the cluster is being stopped')
    const process = new SupervisedProcess(spec, this.#deps)
    const run = process.run()
    this.#members.set(spec.name, { process, run })
    const failed = run.then(() => Promise.withResolvers<never>().promise)
    const stopped = run.then(() => Promise.reject<void>(new Error(`${spec.name} was stopped before it was ready`)))
    const ready = Promise.race([process.ready, stopped])
    // Whoever waits for neither is told by the state.
    for (const promise of [failed, ready]) promise.catch(() => {})
    return { ready, failed }
  }

  /** Gives a socket to a process that runs, and closes it if it does not. */
  handOver(name: string, handover: Handover): void {
    const member = this.#members.get(name)
    if (member === undefined) handover.socket.close()
    else member.process.handOver(handover)
  }

  /** Says something to a process, if it runs. */
  tell(name: string, message: object): void {
    this.#members.get(name)?.process.tell(message)
  }

  /** Resolves when it has ended; at once if it does not run. */
  async stop(name: string): Promise<void> {
    const member = this.#members.get(name)
    if (member === undefined) return
    await member.process.stop()
    await Promise.allSettled([member.run])
  }

  /** Nothing is started any more. */
  async close(): Promise<void> {
    this.#isClosed = true
    await Promise.all([...this.#members.keys()].map((name) => this.stop(name)))
  }

  /** Forgets a process that was stopped. */
  forget(name: string): void {
    this.#members.delete(name)
    this.#deps.changed()
  }
}
