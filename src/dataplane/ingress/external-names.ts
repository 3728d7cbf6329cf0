import type { Clock } from '../../base/clock.ts'

export interface ExternalNamesDeps {
  /** IPv4 addresses; rejects if the name has none, with a message that says why. */
  resolve(name: string): Promise<readonly string[]>
  readonly clock: Clock
  /** Some name leads elsewhere now. */
  onChange(): void
}

export interface ExternalAddresses {
  readonly addresses: readonly string[]
  /** Why the name was not resolved when last asked for: the addresses are those from before, if there were any. */
  readonly problem?: string
}

const refreshMs = 30_000
/** After a failure, as the name may have been made only now. */
const retryMs = 5_000
const nothingYet: ExternalAddresses = { addresses: [] }

/** Where the names of Services of type ExternalName lead; asked again now and then. */
export class ExternalNames {
  readonly #deps: ExternalNamesDeps
  readonly #known = new Map<string, ExternalAddresses>()

  constructor(deps: ExternalNamesDeps) {
    this.#deps = deps
  }

  /** No addresses for a name that is not known yet: `onChange` tells when it is. */
  get(name: string): ExternalAddresses {
    const known = this.#known.get(name)
    if (known !== undefined) return known
    this.#known.set(name, nothingYet)
    void this.#ask(name)
    return nothingYet
  }

  /** Others are asked no more. */
  keepOnly(names: ReadonlySet<string>): void {
    for (const name of this.#known.keys()) if (!names.has(name)) this.#known.delete(name)
  }

  async #ask(name: string): Promise<void> {
    const { resolve, clock, onChange } = this.#deps
    const asked = this.#known.get(name)
    if (asked === undefined) return
    const found = await resolve(name).then(
      (addresses): ExternalAddresses => ({ addresses: [...addresses].sort() }),
      (error: unknown): ExternalAddresses => ({ addresses: asked.addresses, problem: error instanceof Error ? error.message : String(error) }),
    )
    // It may have been given up meanwhile, and even asked for anew.
    if (this.#known.get(name) !== asked) return
    this.#known.set(name, found)
    if (JSON.stringify(found) !== JSON.stringify(asked)) onChange()
    clock.after(found.problem === undefined ? refreshMs : retryMs, () => void this.#ask(name))
  }
}
