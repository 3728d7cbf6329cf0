import { flowKey, type Conntrack, type TrackedFamily, type TrackedFlow, type TrackedProtocol } from './conntrack.ts'

/** Connection tracking in memory: a test puts flows in and sees which are forgotten. */
export class FakeConntrack implements Conntrack {
  readonly #flows = new Map<string, TrackedFlow>()
  readonly #forgotten: TrackedFlow[] = []
  readonly #failures: Error[] = []

  /** All that it was told to forget, whether it was there or not, oldest first. */
  get forgotten(): readonly TrackedFlow[] {
    return this.#forgotten
  }

  track(flow: TrackedFlow): void {
    this.#flows.set(flowKey(flow), flow)
  }

  /** The next call rejects with this error. */
  failNext(error: Error): void {
    this.#failures.push(error)
  }

  async list(protocol: TrackedProtocol, family: TrackedFamily): Promise<readonly TrackedFlow[]> {
    this.#throwFailure()
    const ipv6 = family === 'ipv6'
    return [...this.#flows.values()].filter(
      (flow) => flow.protocol === protocol && flow.destination.address.includes(':') === ipv6,
    )
  }

  async forget(flows: readonly TrackedFlow[]): Promise<void> {
    this.#throwFailure()
    this.#forgotten.push(...flows)
    for (const flow of flows) this.#flows.delete(flowKey(flow))
  }

  #throwFailure(): void {
    const failure = this.#failures.shift()
    if (failure !== undefined) throw failure
  }
}
